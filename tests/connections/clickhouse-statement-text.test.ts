import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  changesSession,
  firstWord,
  insertFrom,
  isBodyInsert,
  isReading,
  namedFormat,
  splitInsert,
  withoutFormat,
} from '../../framework/connections/statement-text.ts';

test('the first word is found behind comments', () => {
  assert.equal(firstWord('-- a\n/* b */  Select 1'), 'select');
  assert.equal(firstWord('(select 1) union all (select 2)'), '(');
  assert.equal(firstWord('  '), '');
});

test('reading is told from writing, and what leaves a session different from what does not', () => {
  assert.deepEqual(['with a as (select 1) select * from a', 'show tables', 'explain select 1'].map(isReading), [true, true, true]);
  assert.deepEqual(['insert into t select 1', 'create table t (a Int8)', 'kill query where 1'].map(isReading), [false, false, false]);
  assert.deepEqual(['set a = 1', 'use db', 'create temporary table t (a Int8)', 'select 1'].map(changesSession), [true, true, true, false]);
});

test('the format a statement names is found at its end only', () => {
  assert.equal(namedFormat('select 1 format CSV'), 'CSV');
  assert.equal(namedFormat('select 1\nFORMAT JSONEachRow; -- x\n'), 'JSONEachRow');
  assert.equal(namedFormat('select 1 format TSV settings max_threads = 1'), 'TSV');
  assert.equal(namedFormat("select 'format CSV'"), null);
  assert.equal(namedFormat('select format from t'), null);
  assert.equal(withoutFormat('select 1 format TSV settings max_threads = 1;'), 'select 1 settings max_threads = 1');
});

test('an insert is turned to read its rows from a file', () => {
  assert.deepEqual(insertFrom('insert into t (a, b) format CSV', "/a'b"), {
    sql: "insert into t (a, b) from infile '/a\\'b' format CSV",
    format: 'CSV',
  });
  assert.equal(insertFrom('insert into t settings a = 1 format CSV', '/f').sql, "insert into t from infile '/f' settings a = 1 format CSV");
  assert.equal(insertFrom('insert into t values', '/f').sql, "insert into t from infile '/f' format Values");
  assert.throws(() => insertFrom('insert into t', '/f'), /SYNTAX_ERROR/);
});

test('rows behind an insert are split from it byte by byte', () => {
  const split = splitInsert(Buffer.from('insert into `ü` format CSV\r\n1,ü\n'));

  assert.equal(split?.sql, 'insert into `ü` format CSV');
  assert.equal(split?.rest.toString(), '1,ü\n');
  assert.equal(splitInsert(Buffer.from('select 1 format CSV\n')), null);
  assert.equal(isBodyInsert('insert into t select 1 format CSV'), false);
});
