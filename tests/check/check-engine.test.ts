import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckEngine } from '../../framework/check/check-engine.ts';

test('a statement gives its rows, or what ClickHouse refused, and the next one runs all the same', async () => {
  await using engine = await openCheckEngine();

  const [created, refused, rows] = await engine.run([
    { sql: 'create table t (a UInt64, b String) engine = Null' },
    { sql: 'select c from t' },
    { sql: 'describe table t' },
  ]);

  assert.deepEqual(created, { kind: 'rows', rows: [], names: [] });
  assert.equal(refused?.kind === 'fault' && refused.fault.type, 'UNKNOWN_IDENTIFIER');
  assert.deepEqual(rows?.kind === 'rows' && rows.rows.map(([name, type]) => [name, type]), [
    ['a', 'UInt64'],
    ['b', 'String'],
  ]);
});

test('a statement that fails while it runs leaves nothing behind for the next one', async () => {
  await using engine = await openCheckEngine();

  const [failed, next] = await engine.run([
    { sql: `select toDate(text) from (select materialize('never') as text) settings max_threads = 1` },
    { sql: 'select 1 as one' },
  ]);

  assert.equal(failed?.kind, 'fault');
  assert.deepEqual(next, { kind: 'rows', rows: [[1]], names: ['one'] });
});

test('settings hold for their statement alone', async () => {
  await using engine = await openCheckEngine();
  const sql = `select getSetting('join_use_nulls')`;

  const answers = await engine.run([{ sql, settings: { join_use_nulls: 1 } }, { sql }, { sql, settings: { no_such: 1 } }, { sql }]);

  assert.deepEqual(
    answers.map((answer) => (answer.kind === 'rows' ? answer.rows : answer.kind === 'fault' && answer.fault.type)),
    [[[true]], [[false]], 'UNKNOWN_SETTING', [[false]]],
  );
});

test('a statement that hangs costs itself: the engine starts anew with the tables it was told to keep', async () => {
  await using engine = await openCheckEngine({ statementMs: 1000 });

  const [, hung, kept] = await engine.run([
    { sql: 'create table t (a UInt8) engine = Null', keep: 'create table t (a UInt8) engine = Null' },
    { sql: 'select (select count() from numbers(1000000000000000) where sipHash64(number) = 1)' },
    { sql: 'describe table t' },
  ]);

  assert.deepEqual(hung, { kind: 'lost', why: 'timed out' });
  assert.equal(kept?.kind === 'rows' && kept.rows.length, 1);
});
