import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeFault } from '../../framework/cli/place-fault.ts';

const text = `{{config order_by="rank"}}
-- sum is a word of this comment
select
    channel, count() as sum_of_all
    sum(veiws) as total
from {{ref "stg_video"}}
group by channel, sum(veiws)`;

const cases: readonly [string, string, string, string | null][] = [
  ['a misspelt column', 'UNKNOWN_IDENTIFIER', "Unknown expression or function identifier `veiws`. Maybe you meant: ['views'].", '5:9'],
  ['a column of a key', 'UNKNOWN_IDENTIFIER', "Missing columns: 'rank' while processing: 'rank'.", '1:20'],
  [
    'a word that stands twice, by its column',
    'SYNTAX_ERROR',
    'Syntax error: failed at position 90 (sum) (line 9, col 5). Expected one of: Comma.',
    '5:5',
  ],
  ['the last part of a dotted name', 'NOT_AN_AGGREGATE', "Column 'dbt.stg_video.channel' is not under aggregate function.", '4:5'],
  ['a sign', 'SYNTAX_ERROR', 'Syntax error: failed at position 90 (() (line 9, col 8). Unmatched parentheses: (.', '5:8'],
  ['a ref', 'SYNTAX_ERROR', 'Syntax error: failed at position 90 (`dbt`) (line 10, col 6). Expected one of: token.', '6:6'],
  ['a part of a longer word', 'UNKNOWN_IDENTIFIER', 'Unknown expression identifier `vei`.', null],
];
for (const [name, type, message, expected] of cases) {
  test(`${name} is ${expected === null ? 'not placed' : `placed at ${expected}`}`, () => {
    const at = placeFault({ type, message }, { file: 'models/m.sql', text });

    assert.equal(at && `${at.line}:${at.column}`, expected);
  });
}

const typed = `{{config materialized="table"}}
-- one + two
select
  a + b as total, -- plus(a, b)
  toStartOfMonth (day) as month,
  if(a = '=', sum(c), sum(d)) as e
from {{ref "x"}}
where a`;

const typeCases: readonly [string, string, string | null][] = [
  ['a function', 'Illegal type String of argument of function toStartOfMonth. Should be Date.', '5:3'],
  ['a quoted function', "A value of illegal type was provided as 1st argument 'day' to function 'toStartOfMonth'. Expected: Date.", '5:19'],
  ['an operator', 'Illegal types String and UInt8 of arguments of function plus.', '4:5'],
  ['an operator beside text that looks like it', 'There is no supertype for types: while executing function equals on arguments a.', '6:8'],
  ['a filter', 'Invalid type for filter in WHERE: String.', '8:1'],
  ['a function of several calls', 'Illegal type String of argument for aggregate function sum.', null],
  ['a function that the file does not call', 'Illegal type String of argument of function length.', null],
  ['nothing', 'There is no supertype for types String, UInt8.', null],
];
for (const [name, message, expected] of typeCases) {
  test(`a complaint of types that names ${name} is ${expected === null ? 'not placed' : `placed at ${expected}`}`, () => {
    const at = placeFault({ type: 'ILLEGAL_TYPE_OF_ARGUMENT', message }, { file: 'models/m.sql', text: typed });

    assert.equal(at && `${at.line}:${at.column}`, expected);
  });
}
