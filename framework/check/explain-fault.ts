import type { WarehouseFault } from '../connections/warehouse.ts';
import type { ErrorCode } from '../foundation/error-codes.ts';

/** A complaint of ClickHouse in words for the author. */
export interface Explanation {
  readonly code: ErrorCode;
  /** What ClickHouse says, without the SQL it quotes and the names it made up. */
  readonly sentence: string;
  readonly hint: string | undefined;
}

/** What a complaint of ClickHouse means. */
export function explainFault(fault: WarehouseFault, said: string): Explanation {
  const code = codes[fault.type ?? ''] ?? 'CHECK_SQL';
  return { code, sentence: `${explainSaid(said)}.`, hint: hintOf(said, code) };
}

const codes: Readonly<Record<string, ErrorCode>> = {
  SYNTAX_ERROR: 'CHECK_SYNTAX',
  UNKNOWN_IDENTIFIER: 'CHECK_NAME_UNKNOWN',
  UNKNOWN_FUNCTION: 'CHECK_NAME_UNKNOWN',
  UNKNOWN_AGGREGATE_FUNCTION: 'CHECK_NAME_UNKNOWN',
  UNKNOWN_TYPE: 'CHECK_NAME_UNKNOWN',
  UNKNOWN_SETTING: 'CHECK_NAME_UNKNOWN',
  UNKNOWN_TABLE: 'CHECK_TABLE_UNKNOWN',
  UNKNOWN_DATABASE: 'CHECK_TABLE_UNKNOWN',
  ILLEGAL_TYPE_OF_ARGUMENT: 'CHECK_TYPE',
  ILLEGAL_TYPE_OF_COLUMN_FOR_FILTER: 'CHECK_TYPE',
  TYPE_MISMATCH: 'CHECK_TYPE',
  NO_COMMON_TYPE: 'CHECK_TYPE',
  CANNOT_PARSE_DATE: 'CHECK_TYPE',
  CANNOT_PARSE_DATETIME: 'CHECK_TYPE',
  CANNOT_PARSE_TEXT: 'CHECK_TYPE',
  CANNOT_PARSE_NUMBER: 'CHECK_TYPE',
  CANNOT_CONVERT_TYPE: 'CHECK_TYPE',
  NUMBER_OF_ARGUMENTS_DOESNT_MATCH: 'CHECK_TYPE',
};

/** What ClickHouse says, without the SQL it quotes and the names it made up; without a full stop. */
export function explainSaid(said: string): string {
  const body = said
    .replace(/^[\s\S]*?Exception:\s*/, '')
    .replace(/^Code:\s*\d+\.\s*DB::Exception:\s*/, '')
    .replace(/\s*\(version [^()]*(?:\([^()]*\))?[^()]*\)\.?/g, '')
    .replace(/\s*\([A-Z][A-Z0-9_]{2,}\)[.\s]*$/, '');
  const syntax = /failed at position \d+ \(([\s\S]*?)\)(?: \(line \d+, col \d+\))?: /.exec(body)?.[1];
  if (syntax !== undefined)
    return syntax === 'end of query' ? 'The SQL ends too early' : `The SQL cannot go on with '${syntax.replaceAll('\\n', ' ')}' here`;
  return body
    .replace(/[.:,]? in (?:scope|query) [\s\S]*$/i, '')
    .replace(/[.:]? Maybe you meant[\s\S]*$/, '')
    .replace(/: while executing [\s\S]*$/i, '')
    .replace(/: While processing [\s\S]*$/, '')
    .replace(/ while processing: [\s\S]*$/, '')
    .replace(/, required columns: [\s\S]*$/, '')
    .replaceAll(/__table\d+\./g, '')
    .replace(/[\s.:,]+$/, '')
    .replace(/^Unknown expression(?: or function)? identifier `(.*)`$/, "There is no column '$1' here")
    .replace(/^Identifier '(?:.*\.)?([^.]+)' cannot be resolved from table with name (.*)$/, "There is no column '$1' in '$2'")
    .replace(/^(?:(Aggregate )?[Ff]unction with name [`'](.*)[`'] does not exist|Unknown function (.*))$/, "There is no function '$2$3'")
    .replace(/^Unknown table expression identifier '(.*)'$/, "There is no table '$1'")
    .replace(/^Unknown table function (.*)$/, "There is no table function '$1'")
    .replace(
      /^JOIN [\s\S]* using identifier '(.*?)' cannot be resolved from (left|right) [\s\S]*$/,
      "The $2 side of the join has no column '$1'",
    )
    .replace(/^JOIN [\s\S]* no alias for subquery or table function[\s\S]*$/, 'A subquery that is joined needs a name');
}

function hintOf(said: string, code: ErrorCode): string | undefined {
  const near = /Maybe you meant:? \[?'?([^'\]?]+)/.exec(said)?.[1];
  if (/table function (?:ref|source)\b/.test(said)) return 'Write it in braces: {{ref "…"}}, {{source "…" "…"}}.';
  const refused = /identifier [`'](?:.*\.)?([^`'.]+)[`']/.exec(said)?.[1];
  if (near !== undefined && near !== refused && code === 'CHECK_NAME_UNKNOWN') return `Did you mean '${near}'?`;
  if (code === 'CHECK_TABLE_UNKNOWN')
    return 'Name what is read by {{ref "…"}} or {{source "…" "…"}}; declare tables that others fill in sources/.';
  if (/no alias for subquery/.test(said)) return "Write 'as' and a name behind its bracket.";
  if (/is not under aggregate function/.test(said))
    return "Add it to 'group by', or say by an aggregate function such as any(…) which value counts.";
  return undefined;
}
