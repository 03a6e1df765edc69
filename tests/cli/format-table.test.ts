import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRows } from '../../framework/cli/format-rows.ts';
import { formatTable } from '../../framework/cli/format-table.ts';

test('columns line up with emoji and wide letters in them', () => {
  const table = formatTable(
    [
      { title: 'name', align: 'left' },
      { title: 'n', align: 'right' },
    ],
    [
      ['🤖 bots', '1'],
      ['東京', '10'],
      ['plain', '100'],
    ],
  );

  assert.equal(table, 'name       n\n───────  ───\n🤖 bots    1\n東京      10\nplain    100');
});

test('line breaks and escape sequences in values cannot break the table', () => {
  const table = formatTable([{ title: 'text', align: 'left' }], [['two\nlines'], ['\u001b[31mred\u0007'], ['x'.repeat(500)]]);

  assert.deepEqual(table.split('\n').slice(2), ['two↵lines', 'red', `${'x'.repeat(59)}…`]);
});

test('CSV tells an empty text from NULL and quotes what needs it', () => {
  const columns = [{ name: 'a', isNumber: false }];

  assert.equal(formatRows({ columns, rows: [[''], [null], ['x,"y"\n']], json: [] }, 'csv'), 'a\n""\n\n"x,""y""\n"');
});
