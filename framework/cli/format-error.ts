import { isAbsolute, join, relative } from 'node:path';
import { InvalidProject } from '../foundation/diagnostics.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import { formatLocation, type Location } from '../foundation/location.ts';
import { codeFrame } from './code-frame.ts';
import type { Style } from './output.ts';

export interface ErrorFormat {
  /** The project's folder, to which places are relative; null before it is known. */
  readonly projectDir: string | null;
  readonly cwd: string;
  readonly paint: (style: Style, text: string) => string;
}

/** Whatever was thrown, in words for the reader: what, where with the line of code, why, what to do. */
export function formatError(thrown: unknown, format: ErrorFormat): string {
  if (thrown instanceof InvalidProject) return formatMistakes(thrown, format);
  if (thrown instanceof GccflowError) return formatMistake(thrown, format);
  return formatBug(thrown, format);
}

function formatMistakes({ errors }: InvalidProject, format: ErrorFormat): string {
  const count = errors.length === 1 ? '1 mistake' : `${errors.length} mistakes`;
  return [...errors.map((error) => formatMistake(error, format)), format.paint('bold', `The project has ${count}.`)].join('\n\n');
}

/** What a finding says besides its error. */
interface FindingDetails {
  readonly severity: 'error' | 'warn';
  /** The rendered line, where the author's line shows only the tag that rendered it. */
  readonly expanded?: string | undefined;
}

/** One mistake: what, where with the line of code, why, what to do. */
export function formatMistake(
  error: GccflowError,
  format: ErrorFormat,
  { severity, expanded }: FindingDetails = { severity: 'error' },
): string {
  const { paint } = format;
  const [label, color] = severity === 'error' ? (['error', 'red'] as const) : (['warning', 'yellow'] as const);
  const [first = '', ...rest] = error.message.split('\n');
  return [
    `${paint([color, 'bold'], `${label}[${error.code}]`)}${paint('bold', `: ${first}`)}`,
    ...rest,
    ...(error.at ? formatPlace(error.at, format) : []),
    ...(expanded === undefined ? [] : [`  ${paint('dim', 'rendered:')} ${expanded}`]),
    ...formatCause(error).map((line) => `  ${paint('dim', 'cause:')} ${line}`),
    ...(error.hint ? [`  ${paint('cyan', 'hint:')} ${error.hint.replaceAll('\n', '\n        ')}`] : []),
  ].join('\n');
}

function formatPlace(at: Location, { projectDir, cwd, paint }: ErrorFormat): string[] {
  const path = projectDir === null || isAbsolute(at.file) ? at.file : join(projectDir, at.file);
  const file = isAbsolute(path) ? relative(cwd, path) : path;
  return [`  ${paint('dim', '-->')} ${formatLocation({ ...at, file })}`, ...codeFrame(path, at).map((line) => paint('dim', line))];
}

/** What the driver said, where our own sentence does not quote it. What a parser said is told by the sentence and its place. */
function formatCause(error: GccflowError): string[] {
  if (error.cause === undefined || error.code === 'TEMPLATE_SYNTAX' || error.code === 'YAML_SYNTAX' || error.code.startsWith('CHECK_'))
    return [];
  const [said = ''] = messageOf(error.cause).split('\n');
  return said === '' || error.message.includes(said) ? [] : [said];
}

function formatBug(thrown: unknown, { paint }: ErrorFormat): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? String(thrown)) : `${String(thrown)} was thrown`;
  const cause = thrown instanceof Error && thrown.cause !== undefined ? [`caused by ${stackOf(thrown.cause)}`] : [];
  return [paint(['red', 'bold'], 'this is a bug in gccflow'), stack, ...cause].join('\n');
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? String(thrown)) : String(thrown);
}
