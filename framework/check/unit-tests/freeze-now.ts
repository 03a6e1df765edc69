import { quoteText } from '../../foundation/quote.ts';
import { isToken, type SqlToken, sqlTokens } from '../sql-tokens.ts';

/**
 * SQL in which the clock stands still. Calls of now(), now64(), today(), yesterday() and their other names become constants of the same type,
 * with the arguments they have: `now('Asia/Kolkata')` is the same instant in that zone. Names, texts and comments stay as they are; so does a bare
 * `now`, which may be a column. `instant` is in ISO 8601 and UTC.
 */
export function freezeNow(sql: string, instant: string): string {
  const tokens = sqlTokens(sql);
  let frozen = '';
  let from = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word' || isToken(tokens[index - 1], '.')) continue;
    const end = callEnd(tokens, index);
    const freeze = clocks.get(clockOf(token.text));
    if (end === null || !freeze) continue;
    frozen += sql.slice(from, token.start) + freeze(instant, sql.slice(tokens[index + 1]?.end ?? token.end, end - 1).trim());
    from = end;
  }
  return frozen + sql.slice(from);
}

const caseless = /^(now64|now|current_timestamp|localtimestamp|today|current_date|curdate|utc_?timestamp)$/i;

/** A name as the table below has it: most of these functions are known in letters of any case. */
function clockOf(name: string): string {
  return caseless.test(name) ? name.toLowerCase().replace('utc_', 'utc') : name;
}

/** Where a call ends whose name stands at `index`; null where it is none. Standard SQL has two names that need no brackets. */
function callEnd(tokens: readonly SqlToken[], index: number): number | null {
  const [name, bracket] = [tokens[index], tokens[index + 1]];
  if (!isToken(bracket, '('))
    return isToken(name, 'current_timestamp', 'current_date') && !isToken(tokens[index - 1], 'as') ? (name?.end ?? null) : null;
  let depth = 0;
  for (const token of tokens.slice(index + 1)) {
    if (isToken(token, '(')) depth++;
    if (isToken(token, ')')) depth--;
    if (depth === 0) return token.end;
  }
  return null;
}

type Freeze = (instant: string, given: string) => string;

const second: Freeze = (instant, given) => `toDateTime(${Math.floor(Date.parse(instant) / 1000)}${given === '' ? '' : `, ${given}`})`;
const day: Freeze = (instant) => `toDate(${second(instant, '')})`;
const fraction: Freeze = (instant, given) => {
  const [, behind = '0'] = /\.(\d+)/.exec(instant) ?? [];
  const seconds = `${Math.floor(Date.parse(instant) / 1000)}.${behind}`;
  return `toDateTime64(toDecimal128(${quoteText(seconds, 'clickhouse')}, 9), ${given === '' ? 3 : given})`;
};

const clocks: ReadonlyMap<string, Freeze> = new Map(
  Object.entries({
    now: second,
    current_timestamp: second,
    localtimestamp: second,
    nowInBlock: second,
    now64: fraction,
    nowInBlock64: fraction,
    utctimestamp: (instant) => second(instant, "'UTC'"),
    today: day,
    current_date: day,
    curdate: day,
    yesterday: (instant) => `(${day(instant, '')} - 1)`,
  }),
);
