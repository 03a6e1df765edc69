import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizeSql } from '../../framework/plan/normalize-sql.ts';

/** Tokens of queries; what stands between two of them is form. */
const queries: readonly (readonly string[])[] = [
  ['select', 'a', ',', 'b', 'as', 'Total', 'from', 'db', '.', 't', 'where', 'x', '=', "'It''s -- no /* comment'", 'and', 'y', '>', '1.5e3'],
  [
    'with',
    'x',
    'as',
    '(',
    'select',
    '1',
    ')',
    'select',
    'count',
    '(',
    ')',
    'over',
    '(',
    'order',
    'by',
    'd',
    'desc',
    'nulls',
    'first',
    ')',
    'from',
    'x',
  ],
  [
    'select',
    'now',
    '(',
    ')',
    '-',
    'interval',
    '7',
    'day',
    ',',
    '`odd name`',
    ',',
    '$$raw -- text$$',
    'from',
    't',
    'final',
    'left',
    'array',
    'join',
    'arr',
  ],
  ['select', 'sum', '(', 'v', ')', 'over', '(', 'rows', 'between', 'unbounded', 'preceding', 'and', 'current', 'row', ')', 'from', 't'],
  [
    'select',
    '*',
    'from',
    't',
    'group',
    'by',
    'a',
    'with',
    'totals',
    'having',
    'n',
    'in',
    '(',
    "'x'",
    ',',
    "'y'",
    ')',
    'settings',
    'max_threads',
    '=',
    '1',
  ],
];
const keywords = new Set(
  `select as from where and with over order by desc nulls first interval day final left array join rows between unbounded preceding current row
   group totals having in settings`.split(/\s+/),
);

const space = fc.constantFrom(' ', '\n', '\t  ', ' -- a comment\n', " /* another, with ' in it */ ", '\n# one more\n');
const query = fc.constantFrom(...queries);
/** One way to write a query: what stands between its tokens, and whether each keyword is in capitals. */
const written = query.chain((tokens) =>
  fc
    .tuple(
      fc.array(space, { minLength: tokens.length, maxLength: tokens.length }),
      fc.array(fc.boolean(), { minLength: tokens.length, maxLength: tokens.length }),
    )
    .map(([spaces, capitals]) => ({
      tokens,
      text: tokens.map((token, at) => `${capitals[at] && keywords.has(token) ? token.toUpperCase() : token}${spaces[at]}`).join(''),
    })),
);

test('white space, comments and the case of keywords do not count', () => {
  fc.assert(fc.property(written, ({ tokens, text }) => assert.equal(normalizeSql(text), normalizeSql(tokens.join(' ')))));
});

test('another literal, number or name always counts', () => {
  const isValue = (token: string): boolean => /^['\d$`]|^[a-z_]\w*$/i.test(token) && !keywords.has(token);
  const changed = written.chain(({ tokens, text }) => {
    const values = tokens.flatMap((token, at) => (isValue(token) ? [at] : []));
    return fc.tuple(fc.constantFrom(...values), fc.constant(tokens), fc.constant(text));
  });

  fc.assert(
    fc.property(changed, ([at, tokens, text]) => {
      const token = tokens[at] as string;
      const other = token.replace(/[a-z\d](?!.*[a-z\d])/i, anotherCharacter);
      assert.notEqual(other, token);
      assert.notEqual(normalizeSql(tokens.with(at, other).join(' ')), normalizeSql(text));
    }),
  );
});

/** The letter in the other case, or another digit. */
function anotherCharacter(character: string): string {
  if (/\d/.test(character)) return String((Number(character) + 1) % 10);
  const upper = character.toUpperCase();
  return upper === character ? character.toLowerCase() : upper;
}

test('any text has one normal form, whatever it is', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(normalizeSql(normalizeSql(text)), normalizeSql(text))));
});

const pairs: readonly (readonly [same: boolean, a: string, b: string])[] = [
  [true, 'select `id`, "name" from `db`.`t`', 'select id, name from db.t'],
  [true, 'SELECT {{var "days"}} -- how many', 'select {{ var "days" }}'],
  [false, 'select `select` from t', 'select SELECT from t'],
  [false, 'select Id from t', 'select id from t'],
  [false, "select 'a  b'", "select 'a b'"],
  [false, "select 'SELECT'", "select 'select'"],
  [false, 'select a as From from t', 'select a as FROM from t'],
  [false, 'select t.Day from t', 'select t.day from t'],
  [false, 'select 1 -- 2', 'select 1 - 2'],
  [false, 'select a b', 'select ab'],
];
for (const [same, a, b] of pairs) {
  test(`${a} and ${b} are ${same ? 'the same' : 'different'}`, () => {
    assert.equal(normalizeSql(a) === normalizeSql(b), same);
  });
}

test('a name of the environment is none of another name, and is a text in a literal', () => {
  const inDev = normalizeSql("select 'dev', dev.x, dev from dev.orders", new Set(['dev']));
  const inProd = normalizeSql("select 'dev', prod.x, dev from prod.orders", new Set(['prod']));

  assert.equal(inDev, inProd);
  assert.notEqual(inDev, normalizeSql("select 'prod', prod.x, dev from prod.orders", new Set(['prod'])));
});
