import { PostgresFault } from '../connections/postgres.ts';
import { GccflowError } from '../foundation/error.ts';
import { WriteFault, type WriteFaultKind } from './writer.ts';

/** By SQLSTATE, class or code; the first that fits. What stands nowhere passes later for all we know. */
const kinds: readonly (readonly [RegExp, WriteFaultKind])[] = [
  [/^(2[1237]|44|54|P0|38|39)/, 'data'], // a domain or check, a trigger's own words, an index entry that is too long
  [/^25006/, 'outage'], // read-only: a standby, or a primary that is being replaced
  [/^(0A|0L|0P|28|3D|3F|42|55000)/, 'setup'],
];

/** What went wrong in a write, by what is to be done about it. Holds no value of a row: a trigger's message is left out for that. */
export function postgresWriteFault(thrown: unknown, entries: number): WriteFault {
  if (thrown instanceof WriteFault) return thrown;
  if (!(thrown instanceof GccflowError && thrown.cause instanceof PostgresFault)) throw thrown;
  const { sqlState, message, isRaised } = thrown.cause;
  if (sqlState === null) return new WriteFault('outage', 'POSTGRES_UNREACHABLE', thrown.message, { cause: thrown });
  const kind = kinds.find(([pattern]) => pattern.test(sqlState))?.[1] ?? 'outage';
  const said = isRaised || /^(38|39)/.test(sqlState) ? 'a trigger or function of the database refused it' : message;
  // A statement is refused as a whole: which row it was is known only where there is one.
  const culprit = kind === 'data' && entries === 1 ? 0 : null;
  return new WriteFault(kind, sqlState, `PostgreSQL refused the rows: ${said} (SQLSTATE ${sqlState}).`, { culprit, cause: thrown });
}
