import { GccflowError, messageOf } from '../foundation/error.ts';
import { type Location, startOf } from '../foundation/location.ts';

/** The mistake of a file or folder that cannot be read; `why` is the system's error, or a reason in words. */
export function fileUnreadable(file: string, why: unknown, at: Location = startOf(file)): GccflowError {
  const code = (why as NodeJS.ErrnoException | null)?.code;
  const message = `'${file}' cannot be read: ${code ?? (typeof why === 'string' ? why : messageOf(why))}.`;
  return new GccflowError('FILE_UNREADABLE', message, { at, hint: hints[code ?? ''], cause: why });
}

const hints: Readonly<Record<string, string>> = {
  EACCES: 'Give the user that runs gccflow the right to read it.',
  ELOOP: 'The link leads to itself; let it lead to a file.',
  ENOENT: 'The link leads nowhere; let it lead to a file, or remove it.',
  ENOTDIR: 'A folder is expected here.',
};
