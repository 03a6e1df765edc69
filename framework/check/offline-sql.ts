import { quoteText } from '../foundation/quote.ts';
import { afterBracket, isToken, type SqlToken, sqlTokens } from './sql-tokens.ts';

/** SQL that asks nobody outside of the engine. */
export interface OfflineSql {
  /** As long as the SQL it stands for, so that every place in it is the same. */
  readonly sql: string;
  /** What only the outside knows. */
  readonly asks: Asked | null;
}

/** A call such as `url(…)`, or a table that only a server has. */
export interface Asked {
  readonly kind: 'call' | 'table';
  readonly name: string;
  readonly offset: number;
}

const outside =
  /\b(?:url(?:Cluster)?|s3(?:Cluster)?|gcs|azureBlobStorage(?:Cluster)?|hdfs(?:Cluster)?|file(?:Cluster)?|remote(?:Secure)?|cluster(?:AllReplicas)?|postgresql|mysql|mongodb|redis|sqlite|odbc|jdbc|iceberg\w*|deltaLake\w*|hudi|paimon\w*|executable|ytsaurus|arrowFlight|python)\s*\(/i;

/** Logs that a server keeps of itself. */
const serverLog = /\bsystem\s*\.\s*\w+_log\b/i;

/** Puts an empty table of the same columns in the place of table functions that ask others, where the call names its columns. */
export function offlineSql(sql: string): OfflineSql {
  if (!outside.test(sql) && !serverLog.test(sql)) return { sql, asks: null };
  const tokens = sqlTokens(sql);
  const log = tokens.findIndex((token, index) => isToken(token, 'system') && isToken(tokens[index + 1], '.') && isLog(tokens[index + 2]));
  if (log >= 0) return { sql, asks: { kind: 'table', name: `system.${tokens[log + 2]?.text}`, offset: tokens[log]?.start ?? 0 } };
  let text = sql;
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1];
    const isTable = isToken(before, 'from', 'join', 'in', 'into', 'function') || (isToken(before, ',') && !isToken(tokens[index - 2], ')'));
    if (token.kind !== 'word' || !isTable || !outside.test(`${token.text}(`) || !isToken(tokens[index + 1], '(')) continue;
    const last = tokens[afterBracket(tokens, index + 1) - 1] ?? token;
    const structure = structureIn(tokens.slice(index + 2, tokens.indexOf(last)));
    if (structure === null) return { sql: text, asks: { kind: 'call', name: token.text, offset: token.start } };
    const stub = `null(${quoteText(structure, 'clickhouse')})`;
    text = text.slice(0, token.start) + stub.padEnd(last.end - token.start) + text.slice(last.end);
  }
  return { sql: text, asks: null };
}

function isLog(token: SqlToken | undefined): boolean {
  return token?.kind === 'word' && token.text.endsWith('_log');
}

/** The argument that lists columns and their types. */
function structureIn(args: readonly SqlToken[]): string | null {
  const texts = args.filter(({ kind }) => kind === 'text').map(({ value }) => value);
  return texts.find((value) => /^\s*[`"]?[\w.]+[`"]?\s+[A-Z]\w*(?:\(.*\))?\s*(?:,|$)/s.test(value)) ?? null;
}
