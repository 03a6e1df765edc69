import { messageOf } from '../foundation/error.ts';
import { type ParsePlace, WarehouseFault } from './warehouse.ts';

/**
 * Codes after which the same statement may pass later. Timeouts of a socket, replicas and Keeper that are away, and limits
 * that others fill. Not among them: 241 where the statement's own limit was hit, 159 (its own time limit) and 394 (killed).
 */
const retriableCodes: ReadonlySet<number> = new Set([
  164, // READONLY: a replica without Keeper
  198, // DNS_ERROR
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  203, // NO_FREE_CONNECTION
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  225, // NO_ZOOKEEPER
  236, // ABORTED: the server is going down
  242, // TABLE_IS_READ_ONLY: a replica lost Keeper
  252, // TOO_MANY_PARTS
  279, // ALL_CONNECTION_TRIES_FAILED
  285, // TOO_FEW_LIVE_REPLICAS
  286, // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
  305, // ALL_REPLICAS_LOST
  319, // UNKNOWN_STATUS_OF_INSERT: a stage is written again whole
  335, // BARRIER_TIMEOUT
  373, // SESSION_IS_LOCKED
  415, // ALL_REPLICAS_ARE_STALE
  425, // SYSTEM_ERROR
  473, // DEADLOCK_AVOIDED
  499, // S3_ERROR
  517, // CANNOT_ASSIGN_ALTER
  999, // KEEPER_EXCEPTION
]);

/** Codes whose text quotes what stood in the data. */
const parseCodes: ReadonlySet<number> = new Set([
  6, 26, 27, 29, 32, 33, 38, 41, 53, 69, 70, 72, 108, 117, 130, 131, 190, 321, 349, 363, 376, 407, 441, 467, 636, 675, 676, 677, 678, 691,
]);

const memoryLimit = 241;
const syntaxError = 62; // drivers take a word of its text for its type

/** What ClickHouse said, from the text it says it in: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`; null if it is no such text. */
export function parseFault(text: string, headerLength = 0): WarehouseFault | null {
  const [, code, said] = /Code:\s*(\d+)\.\s*(?:(?:Code:\s*\d+\.\s*)?DB::)?Exception:\s*([\s\S]*)/.exec(text) ?? [];
  if (code === undefined || said === undefined) return null;
  const [, body = said, type] = /^([\s\S]*?)\s*\(([A-Z][A-Z0-9_]{2,})\)[.\s]*$/.exec(withoutVersion(said)) ?? [];
  return buildFault(Number(code), type ?? null, body, headerLength);
}

function withoutVersion(said: string): string {
  return said.replace(/\s*\(version [^()]*(?:\([^()]*\))?[^()]*\)\.?/g, '');
}

/** The fault of anything a driver threw: ClickHouse's own error, or a connection that failed. */
export function faultOf(thrown: unknown, headerLength = 0): WarehouseFault {
  if (thrown instanceof WarehouseFault) return thrown;
  const { code, type } = (thrown ?? {}) as { code?: unknown; type?: unknown };
  if (typeof code === 'string' && /^\d+$/.test(code)) {
    return buildFault(Number(code), typeof type === 'string' ? type : null, messageOf(thrown), headerLength);
  }
  return parseFault(messageOf(thrown), headerLength) ?? connectionFault(thrown);
}

function buildFault(code: number, type: string | null, said: string, headerLength: number): WarehouseFault {
  const parse = parseCodes.has(code) ? parsePlace(said) : null;
  const message = parse ? withoutValues(said, parse) : withoutStatement(said, headerLength);
  return new WarehouseFault(`${trimEnd(message)}.`, {
    code,
    type: code === syntaxError ? 'SYNTAX_ERROR' : type,
    parse,
    retriable: isRetriable(code, said),
  });
}

function isRetriable(code: number, said: string): boolean {
  if (code === memoryLimit) return /\((?:total|for user)\)|OvercommitTracker/i.test(said) && !/\(for query\)/i.test(said);
  return retriableCodes.has(code) && !/partitions for single INSERT block/i.test(said);
}

const connectionCodes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at its address',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'its host name does not resolve',
  EAI_AGAIN: 'its host name does not resolve at the moment',
  ETIMEDOUT: 'it did not answer in time',
  EHOSTUNREACH: 'its host cannot be reached',
};

function connectionFault(thrown: unknown): WarehouseFault {
  const code = String((thrown as { code?: unknown } | null)?.code ?? '');
  const text = messageOf(thrown);
  const known = connectionCodes[code];
  const message = known ?? (/timeout/i.test(text) ? 'it did not answer in time' : 'the connection broke off');
  return new WarehouseFault(`${message}.`, { code: null, type: code || null, retriable: code !== 'ENOTFOUND' });
}

/** ClickHouse lists the columns of the row it stopped in; the last it names is the one that did not parse. */
function parsePlace(said: string): ParsePlace {
  const row = /\(at row (\d+)\)/.exec(said)?.[1] ?? /\bRow (\d+):/.exec(said)?.[1];
  const failed = [...said.matchAll(/Column \d+,\s*name:\s*(.+?),\s*type:\s*(.+?),\s*(?:ERROR|parsed text)/g)].at(-1);
  const key = /while reading the value of key (.+?)\)/.exec(said)?.[1];
  return { row: row === undefined ? null : Number(row), column: failed?.[1] ?? key ?? null, type: failed?.[2] ?? typeOf(said) };
}

function typeOf(said: string): string | null {
  return /(?:as|as type|value of type|type) ([A-Z]\w+(?:\([^)]*\))?)/.exec(said)?.[1] ?? null;
}

/** ClickHouse quotes what it could not read, quoted or bare; so the sentence is ours, and only what cannot hold data is taken over. */
function withoutValues(said: string, { row, column, type }: ParsePlace): string {
  const known = /Expected end of line|Unexpected end of \w+|No data to insert|Type mismatch in IN or VALUES section/.exec(said)?.[0];
  const what = known ?? (type === null ? 'A value does not parse' : `A value does not parse as ${type}`);
  const executed = /while executing 'FUNCTION (\w+)\(/.exec(said)?.[1];
  return [
    what,
    executed !== undefined && ` in ${executed}()`,
    row !== null && ` in row ${row}`,
    column !== null && ` of column '${column}'`,
  ]
    .filter(Boolean)
    .join('');
}

/** Without the rest of the statement, and with places counted in the caller's text, before which our comment stood. */
function withoutStatement(said: string, headerLength: number): string {
  return said
    .replace(/(failed at position \d+ \([\s\S]*?\)(?: \(line \d+, col \d+\))?): [\s\S]*?\. (Expected|Max|Unmatched|Unrecognized)/, '$1. $2')
    .replace(/(Expected one of: )([\s\S]{200})[\s\S]*/, '$1$2 …')
    .replace(/[.:,]? in (?:scope|query) [\s\S]*?(?=\. Maybe you meant|$)/i, '')
    .replace(/, required columns: [\s\S]*/, '')
    .replace(/at position (\d+)/, (_, at: string) => `at position ${Number(at) - headerLength}`)
    .replace(/\(line 1, col (\d+)\)/, (_, column: string) => `(line 1, col ${Number(column) - headerLength})`);
}

function trimEnd(text: string): string {
  return text.replace(/[\s.:,]+$/, '');
}
