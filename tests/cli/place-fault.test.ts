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
