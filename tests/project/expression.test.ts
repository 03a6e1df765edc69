import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExpressionFault, parseExpression } from '../../framework/project/expression.ts';

const jsonata = createRequire(import.meta.url)('jsonata') as typeof import('jsonata');

test('a plain path gives what JSONata gives, whatever it leads through', async () => {
  const name = fc.constantFrom('a', 'b', 'constructor', 'length');
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, 1, '', 'x', true),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(name, tie('any'), { noNullPrototype: true }),
    ),
  })).any;
  await fc.assert(
    fc.asyncProperty(value, fc.array(name, { minLength: 1, maxLength: 4 }), async (input, names) => {
      const expression = parseExpression(names.join('.'));

      assert.deepEqual(expression.path, names);
      assert.equal(JSON.stringify(await expression.evaluate(input)), JSON.stringify(await jsonata(names.join('.')).evaluate(input)));
    }),
  );
});

test('an expression knows what it names of its input, and not what functions do with it', () => {
  const referencesOf = (text: string): string[] =>
    parseExpression(text).references.map(({ isVariable, names }) => `${isVariable ? '$' : ''}${names.join('.')}`);

  assert.deepEqual(referencesOf('record.tags[kind = "x"].name'), ['record.tags.name']);
  assert.deepEqual(referencesOf('$count(record.tags) > 3 and page.next ? {"a": [params.x, -record.n]} : $params.y'), [
    'record.tags',
    'page.next',
    'params.x',
    'record.n',
    '$params.y',
  ]);
  assert.deepEqual(referencesOf('$map(record.items, function($item) { $item.id })'), ['record.items']);
  assert.deepEqual(referencesOf('record.name ~> $uppercase()'), ['record.name']);
  assert.deepEqual(referencesOf('(record.a; page.b)'), ['record.a', 'page.b']);
  assert.deepEqual(referencesOf('"text"'), []);
});

test('an expression sees the variables it is given', async () => {
  const expression = parseExpression('$params.platform & "/" & id & "/" & $count($body.items)');

  assert.equal(await expression.evaluate({ id: 'a' }, { params: { platform: 'instagram' }, body: { items: [1, 2] } }), 'instagram/a/2');
});

test('what does not parse or fails is told without the values it met', async () => {
  assert.throws(() => parseExpression('a.[b'), ExpressionFault);
  assert.throws(() => parseExpression(''), ExpressionFault);
  await assert.rejects(async () => parseExpression('$number(a)').evaluate({ a: 'private' }), {
    name: 'ExpressionFault',
    message: 'Unable to cast value to a number (character 8)',
  });
  await assert.rejects(async () => parseExpression('$error("private")').evaluate({}), ExpressionFault);
  await assert.rejects(
    async () => parseExpression('a + 1').evaluate({ a: 'private' }),
    (thrown: Error) => !thrown.message.includes('private'),
  );
});
