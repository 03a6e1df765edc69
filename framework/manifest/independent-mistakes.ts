import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { GccflowError } from '../foundation/error.ts';
import type { ErrorCode } from '../foundation/error-codes.ts';

/** A file that may declare more than could be read of it. */
interface DamagedFile {
  readonly file: string;
  readonly text: string;
}

/** Mistakes that leave out what a file declares. */
const damages: ReadonlySet<ErrorCode> = new Set(['YAML_SYNTAX', 'FILE_UNREADABLE', 'TEMPLATE_SYNTAX', 'VALUE_INVALID', 'ENV_MISSING']);
/** What is said of names that nobody declares. */
const missing: ReadonlySet<ErrorCode> = new Set(['REF_NOT_FOUND', 'SOURCE_NOT_FOUND', 'MACRO_NOT_FOUND', 'TEST_UNKNOWN']);

/** Mistakes that stand for themselves: a name is not missed where a file that could not be read may declare it. */
export function independentMistakes(errors: readonly GccflowError[], dir: string): readonly GccflowError[] {
  const files = new Set(errors.flatMap(({ code, at }) => (at && damages.has(code) ? [at.file] : [])));
  if (files.size === 0) return errors;
  const damaged = [...files].map((file): DamagedFile => ({ file, text: textOf(join(dir, file)) }));
  return errors.filter((error) => !damaged.some((file) => followsFrom(file, error)) && !missesRefused(error, errors));
}

/** Whether a config is said to lack a key whose value has been refused, in the same file or in a properties file. */
function missesRefused({ code, message, at }: GccflowError, errors: readonly GccflowError[]): boolean {
  const missed = code === 'CONFIG_CONFLICT' ? /'(\w+)' is not given\.$/.exec(message)?.[1] : undefined;
  if (missed === undefined) return false;
  return errors.some(
    (other) =>
      other.code === 'VALUE_INVALID' &&
      other.message.startsWith(`'${missed}':`) &&
      (other.at?.file === at?.file || other.at?.file.endsWith('.yaml')),
  );
}

function followsFrom(damaged: DamagedFile, { code, message, at }: GccflowError): boolean {
  const names = [...message.matchAll(/'([^']*)'/g)].map(([, name = '']) => name);
  if (/\.(?:sql|hbs|csv|gz)$/.test(damaged.file)) {
    const [own = ''] = basename(damaged.file).split('.');
    if (code === 'CONFIG_CONFLICT') return at?.file !== damaged.file && names[0] === own; // the half of its config that could be read
    return missing.has(code) && names.at(-1) === own;
  }
  if (!missing.has(code) || !mayDeclare(damaged.file, code)) return false;
  return (names.at(-1) ?? '').split('.').every((part) => declares(damaged, part));
}

/** Models and seeds are files of their own; nothing is declared below models/ that a template reads. */
function mayDeclare(file: string, code: ErrorCode): boolean {
  if (file.endsWith('.ts')) return code === 'MACRO_NOT_FOUND';
  return !file.startsWith('models/') && (code === 'REF_NOT_FOUND' || code === 'SOURCE_NOT_FOUND');
}

function declares({ file, text }: DamagedFile, name: string): boolean {
  const literal = RegExp.escape(name);
  const pattern = file.endsWith('.ts')
    ? `\\b(?:function|const|let|class)\\s+${literal}\\b`
    : `(?:name|exchange|routing_keys?):[^\\n]*\\b${literal}\\b`;
  return new RegExp(pattern).test(text);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
