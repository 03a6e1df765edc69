import { PostgresFault } from '../connections/postgres.ts';
import { WarehouseFault } from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Node } from '../manifest/manifest.ts';

/** The error of a node, with its file where it names no place, and the way on where what it reads was never built. */
export function nodeError(error: GccflowError, node: Node): GccflowError {
  const hint = error.hint ?? (isMissingRelation(error.cause) ? `Build it first: gccflow build --select '+${node.name}'` : undefined);
  if (error.at && hint === error.hint) return error;
  return new GccflowError(error.code, error.message, { at: error.at ?? node.at, hint, cause: error.cause });
}

/** ClickHouse by its name, PostgreSQL by its SQLSTATE. */
function isMissingRelation(cause: unknown): boolean {
  if (cause instanceof WarehouseFault) return cause.type === 'UNKNOWN_TABLE' || cause.type === 'UNKNOWN_DATABASE';
  return cause instanceof PostgresFault && cause.sqlState === '42P01';
}
