import { messageOf } from '../foundation/error.ts';

/** A failure that the protocol itself knows, in ClickHouse's numbers and names. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  readonly code: number;
  readonly type: string;

  constructor(code: number, type: string, message: string) {
    super(message);
    this.code = code;
    this.type = type;
  }
}

export interface HttpFailure {
  readonly status: number;
  readonly code: number;
  /** As ClickHouse words it: `Code: 60. DB::Exception: … (UNKNOWN_TABLE) (version …)`. */
  readonly text: string;
}

/** How a failure is told to a client. `headerLength` is that of the comment put before the client's text. */
export function httpFailure(thrown: unknown, version: string, headerLength: number): HttpFailure {
  if (thrown instanceof HttpFault)
    return failure(thrown.code, `Code: ${thrown.code}. DB::Exception: ${thrown.message} (${thrown.type})`, version);
  const text = messageOf(thrown);
  const [, code, said = ''] = /Code: (\d+)\. DB::Exception: (?:Code: \d+\. DB::Exception: )?([\s\S]*)$/.exec(text) ?? [];
  if (code === undefined) return failure(1002, `Code: 1002. DB::Exception: ${text} (UNKNOWN_EXCEPTION)`, version);
  const whole = `Code: ${code}. DB::Exception: ${withoutHeader(withoutNested(said), headerLength)}`;
  return failure(
    Number(code),
    /\([A-Z][A-Z0-9_]+\)$/.test(whole) ? whole : `${whole} (${code === '62' ? 'SYNTAX_ERROR' : 'UNKNOWN'})`,
    version,
  );
}

/** Without the exceptions told inside this one, of which clients would take the first for the whole, and with one type at its end. */
function withoutNested(said: string): string {
  return said
    .replace(/\nCode: \d+\. DB::Exception: [^\n]*/g, '')
    .replace(/\s*\(version [^)]*\)\.?/g, '')
    .replace(/(\([A-Z][A-Z0-9_]+\))\.? *\1/, '$1')
    .replace(/[.\s]+$/, '');
}

function failure(code: number, text: string, version: string): HttpFailure {
  return { code, status: statuses.get(code) ?? 500, text: `${text} (version ${version})\n` };
}

function withoutHeader(text: string, length: number): string {
  return text
    .replace(/at position (\d+)/, (_, at: string) => `at position ${Number(at) - length}`)
    .replace(/\(line 1, col (\d+)\)/, (_, column: string) => `(line 1, col ${Number(column) - length})`);
}

const statuses: ReadonlyMap<number, number> = new Map([
  ...[6, 26, 27, 32, 33, 38, 41, 43, 53, 62, 69, 70, 72, 117, 130, 131, 376, 407, 441, 456, 467, 675, 676, 677, 691].map(
    (code) => [code, 400] as const,
  ),
  ...[46, 47, 50, 56, 60, 63, 73, 81, 115, 511].map((code) => [code, 404] as const),
  ...[164, 497, 516].map((code) => [code, 403] as const),
  [48, 501],
  [159, 408],
  [202, 503],
  [203, 503],
  [209, 503],
  [307, 413],
]);
