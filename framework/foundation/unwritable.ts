import { GccflowError } from './error.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no room on the disk',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the disk is read-only',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'a file has that name',
  EISDIR: 'it is a folder',
};

/** What the system says of a file or folder that did not let itself be written, as an error of ours; null for any other failure. */
export function unwritable(thrown: unknown): GccflowError | null {
  if (!(thrown instanceof Error)) return null;
  const { code = '', path, dest } = thrown as NodeJS.ErrnoException & { readonly dest?: string };
  const reason = reasons[code];
  if (reason === undefined) return null;
  const file = dest ?? path;
  return new GccflowError('FILE_UNWRITABLE', `${file === undefined ? 'A file' : `'${file}'`} cannot be written: ${reason} (${code}).`, {
    hint: 'See to that and run the same command again; what was published before stays published.',
    cause: thrown,
  });
}
