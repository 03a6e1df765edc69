import { GccflowError, messageOf } from '../foundation/error.ts';
import { PostgresFault } from './postgres.ts';

/** The fields of node-postgres' errors that are looked at. */
interface DriverError {
  readonly code?: unknown;
  readonly where?: unknown;
  readonly routine?: unknown;
}

/** SQLSTATE classes and codes that say that the server is away or does not let us in. */
const unreachable = /^(08...|28...|3D000|57P0[1-3]|53300)$/;

/** Turns whatever the driver threw into POSTGRES_UNREACHABLE or POSTGRES_QUERY. Our own errors pass as they are. */
export function postgresError(thrown: unknown, place: string): GccflowError {
  if (thrown instanceof GccflowError) return thrown;
  const { code, where, routine } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as DriverError;
  const sqlState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
  const details = { sqlState, place: copyPlace(where), isRaised: routine === 'exec_stmt_raise' };
  const fault = new PostgresFault(withoutValues(driverMessage(thrown), sqlState), details);
  if (sqlState === null || unreachable.test(sqlState)) {
    return new GccflowError('POSTGRES_UNREACHABLE', `PostgreSQL at ${place} does not answer: ${fault.message}.`, {
      hint: 'Check that the server runs, and the host, port, database, user and password of the target.',
      cause: fault,
    });
  }
  const at = fault.place === null ? '' : `, at ${fault.place} of the loaded data`;
  return new GccflowError('POSTGRES_QUERY', `PostgreSQL refused a statement: ${fault.message} (SQLSTATE ${sqlState})${at}.`, {
    cause: fault,
  });
}

/** The SQLSTATE of an error that came from `postgresError`, or null. */
export function sqlStateOf(thrown: unknown): string | null {
  return thrown instanceof GccflowError && thrown.cause instanceof PostgresFault ? thrown.cause.sqlState : null;
}

/** A failed connection to several addresses says nothing itself; its first part does. */
function driverMessage(thrown: unknown): string {
  const first = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  return messageOf(first).replace(/\.$/, '');
}

/** Data exceptions (class 22) end in the value at fault, which may be anybody's: `invalid input syntax for type integer: "…"`. */
function withoutValues(message: string, sqlState: string | null): string {
  if (sqlState === null || !/^22|^P0001/.test(sqlState)) return message;
  return message.replace(/:?\s*["'][\s\S]*$/, '');
}

/** `COPY t, line 3, column views: "x"` without the table and the value. */
function copyPlace(where: unknown): string | null {
  if (typeof where !== 'string') return null;
  const [, line, column] = /^COPY [\s\S]*?, line (\d+)(?:, column ([^:\n]+))?/.exec(where) ?? [];
  if (line === undefined) return null;
  return column === undefined ? `line ${line}` : `line ${line}, column ${column}`;
}
