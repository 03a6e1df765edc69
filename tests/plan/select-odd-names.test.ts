import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSelector } from '../../framework/plan/parse-selector.ts';
import { selectNodes } from '../../framework/plan/select-nodes.ts';
import { manifestOf } from '../support/manifest-of.ts';

const files = {
  'models/two words.sql': 'select 1 as a',
  'models/a, b.sql': 'select * from {{ref "two words"}}',
  'models/say "hi".sql': `select * from {{ref "a, b"}}`,
  'models/plain.sql': `select * from {{ref 'say "hi"'}}`,
};

const cases: readonly [string, readonly string[]][] = [
  ['"two words"', ['two words']],
  ['two words', []],
  ['"two words"+1', ['a, b', 'two words']],
  ['1+"a, b"', ['a, b', 'two words']],
  ['"say ""hi"""', ['say "hi"']],
  ['+"say ""hi"""', ['a, b', 'say "hi"', 'two words']],
  ['"say ""hi""" plain', ['plain', 'say "hi"']],
  ['"two words"+,+"say ""hi"""', ['a, b', 'say "hi"', 'two words']],
  ['path:"models/two words.sql"', ['two words']],
  ['"say ?hi?"', ['say "hi"']],
];
for (const [text, expected] of cases) {
  test(`--select '${text}' picks ${expected.length === 0 ? 'nothing' : expected.join(' and ')}`, async () => {
    const { manifest } = await manifestOf(files);

    const { nodes } = selectNodes(manifest, { select: [text], allowEmpty: true });

    assert.deepEqual([...nodes].map((id) => id.replace('model.', '')).toSorted(), expected);
  });
}

test('a double quote that is never closed is said so, a doubled one at the end too', () => {
  for (const text of ['"two words', '"say ""hi""']) {
    assert.throws(() => parseSelector([text]), { code: 'SELECTOR_SYNTAX', message: /opens a double quote and never closes it/ });
  }
});
