import { WarehouseFault } from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Entry } from './entry.ts';
import { WriteFault } from './writer.ts';

/** Nobody is to blame, or the server: the same insert passes later. */
const outages: ReadonlySet<number> = new Set([
  3, // UNEXPECTED_END_OF_FILE: the request broke off
  74, // CANNOT_READ_FROM_FILE_DESCRIPTOR
  75, // CANNOT_WRITE_TO_FILE_DESCRIPTOR: the disk is full or fails
  76, // CANNOT_OPEN_FILE
  87, // CANNOT_SEEK_THROUGH_FILE
  95, // CANNOT_READ_FROM_SOCKET
  96, // CANNOT_WRITE_TO_SOCKET
  107, // FILE_DOESNT_EXIST
  159, // TIMEOUT_EXCEEDED
  173, // CANNOT_ALLOCATE_MEMORY
  201, // QUOTA_EXCEEDED
  216, // QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING: an earlier try of the same batch
  243, // NOT_ENOUGH_SPACE
  373, // SESSION_IS_LOCKED
  394, // QUERY_WAS_CANCELLED: somebody killed it
  439, // CANNOT_SCHEDULE_TASK
  745, // SERVER_OVERLOADED
  1000, // POCO_EXCEPTION
  1001, // STD_EXCEPTION: no space left on device
  1002, // UNKNOWN_EXCEPTION
]);

/** The table, the database, the login or the statement: nothing of the sink can be stored until somebody acts. */
const setups: ReadonlySet<number> = new Set([
  8, // THERE_IS_NO_COLUMN
  10, // NOT_FOUND_COLUMN_IN_BLOCK
  16, // NO_SUCH_COLUMN_IN_TABLE
  20, // NUMBER_OF_COLUMNS_DOESNT_MATCH
  44, // ILLEGAL_COLUMN
  46, // UNKNOWN_FUNCTION
  47, // UNKNOWN_IDENTIFIER
  48, // NOT_IMPLEMENTED: a view
  50, // UNKNOWN_TYPE
  60, // UNKNOWN_TABLE
  62, // SYNTAX_ERROR
  73, // UNKNOWN_FORMAT
  81, // UNKNOWN_DATABASE
  115, // UNKNOWN_SETTING
  122, // INCOMPATIBLE_COLUMNS
  192, // UNKNOWN_USER
  193, // WRONG_PASSWORD
  194, // REQUIRED_PASSWORD
  218, // TABLE_IS_DROPPED
  291, // DATABASE_ACCESS_DENIED
  344, // SUPPORT_IS_DISABLED
  452, // SETTING_CONSTRAINT_VIOLATION
  497, // ACCESS_DENIED
  516, // AUTHENTICATION_FAILED
]);

const tooManyParts = 252;
const memoryLimit = 241;

/** What an insert that failed means for its batch. Of an error that quotes data only the name and the row are told. */
export function clickHouseWriteFault(thrown: unknown, entries: readonly Entry[]): WriteFault {
  if (!(thrown instanceof GccflowError) || !(thrown.cause instanceof WarehouseFault)) {
    if (thrown instanceof GccflowError) return new WriteFault('outage', thrown.code, thrown.message, { cause: thrown });
    throw thrown; // a bug
  }
  const fault = thrown.cause;
  const { code } = fault;
  const name = fault.type ?? (code === null ? 'CONNECTION_LOST' : String(code));
  if (code === null) return new WriteFault('outage', name, thrown.message, { cause: thrown });
  if (code === tooManyParts)
    return new WriteFault('load', name, said(name, 'has too many parts in the table'), { resize: 'grow', cause: thrown });
  if (code === memoryLimit) return new WriteFault('load', name, said(name, 'ran out of memory'), { resize: 'shrink', cause: thrown });
  if (setups.has(code)) return new WriteFault('setup', name, thrown.message, { cause: thrown });
  if (fault.retriable || outages.has(code))
    return new WriteFault('outage', name, said(name, 'cannot store rows at the moment'), { cause: thrown });
  const row = rowOf(fault);
  const message = fault.parse ? `ClickHouse refused the rows (${name}): ${fault.message}` : said(name, 'refused what is in the rows');
  return new WriteFault('data', name, message, { culprit: row === null ? null : culpritOf(row, entries) });
}

function said(name: string, what: string): string {
  return `ClickHouse ${what} (${name}).`;
}

/** The row that ClickHouse names, counted from 1. */
function rowOf({ parse, message }: WarehouseFault): number | null {
  if (parse?.row) return parse.row;
  const row = /(?:\(at row |violated at row )(\d+)/.exec(message)?.[1];
  return row === undefined ? null : Number(row);
}

/** The entry that a row of the insert belongs to. */
function culpritOf(row: number, entries: readonly Entry[]): number | null {
  let end = 0;
  for (const [index, { rows }] of entries.entries()) {
    end += rows.length;
    if (row <= end) return index;
  }
  return null;
}
