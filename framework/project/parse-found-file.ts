import { Diagnostics } from '../foundation/diagnostics.ts';
import { digestOf } from '../foundation/digest.ts';
import type { GccflowError } from '../foundation/error.ts';
import { type Env, readsEnv } from './expand-env.ts';
import { type FileStamp, stampOf } from './file-stamp.ts';
import { type FileContent, parseMacroFile, parseModelFile, parseTestFile, parseYamlFile, unreadModel } from './parse-file.ts';
import type { FoundFile } from './project-files.ts';
import { decodeText, readBytes } from './read-file.ts';

/** A file that was read, with what came of it. */
export interface ParsedFile {
  readonly file: string;
  /** Taken before the file was read. */
  readonly stamp: FileStamp;
  /** When the file was read, in ms since 1970. */
  readonly readAt: number;
  /** sha256 of the bytes, hex. */
  readonly contentHash: string;
  /** null where nothing could be read. There may be errors beside it. */
  readonly content: FileContent | null;
  /** The content depends on the environment, so it is never kept. */
  readonly readsEnv: boolean;
  readonly errors: readonly GccflowError[];
}

/** Reads one file and what it declares. Mistakes come back with the file; nothing is thrown. */
export function parseFoundFile(dir: string, { file, role }: FoundFile, env: Env): ParsedFile {
  const diagnostics = new Diagnostics();
  const stamp = stampOf(dir, file) ?? [0, 0, 0, 0];
  const readAt = Date.now();
  const bytes = readBytes(dir, file, diagnostics);
  const contentHash = bytes === null ? '' : digestOf('sha256', bytes);
  const text = bytes === null || role === 'seed' ? '' : decodeText(bytes, file, diagnostics);
  const content = bytes === null || text === null ? unreadable(file, role) : parse(file, role, text, contentHash, env, diagnostics);
  return { file, stamp, readAt, contentHash, content, readsEnv: role === 'yaml' && readsEnv(text ?? ''), errors: diagnostics.errors };
}

/** A model or seed is one of its name even so: what refers to it is no mistake too. */
function unreadable(file: string, role: FoundFile['role']): FileContent | null {
  if (role === 'model') return unreadModel(file);
  return role === 'seed' ? { kind: 'seed', contentHash: '' } : null;
}

function parse(
  file: string,
  role: FoundFile['role'],
  text: string,
  contentHash: string,
  env: Env,
  diagnostics: Diagnostics,
): FileContent | null {
  switch (role) {
    case 'model':
      return parseModelFile(file, text, diagnostics);
    case 'seed':
      return { kind: 'seed', contentHash };
    case 'singular-test':
      return parseTestFile(file, 'tests/data', text, diagnostics);
    case 'generic-test':
      return parseTestFile(file, 'tests/generic', text, diagnostics);
    case 'macro':
      return parseMacroFile(file, text, diagnostics);
    case 'yaml':
      return parseYamlFile(file, text, env, diagnostics);
    case 'fixture':
    case 'helper':
      return null;
  }
}
