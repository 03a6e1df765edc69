import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOf, parseFault } from '../../framework/connections/warehouse-fault.ts';

test("memory that others hold may be free later, a statement's own limit stays", () => {
  const others = parseFault(
    'Code: 241. DB::Exception: (total) memory limit exceeded: would use 7.01 GiB, maximum: 7.00 GiB. (MEMORY_LIMIT_EXCEEDED)',
  );
  const own = parseFault(
    'Code: 241. DB::Exception: (for query) memory limit exceeded: would use 1.01 GiB. OvercommitTracker decision: none. (MEMORY_LIMIT_EXCEEDED)',
  );

  assert.deepEqual([others?.retriable, own?.retriable], [true, false]);
});

test('of an error told within an error, the outer type counts', () => {
  const fault = parseFault(
    'Code: 279. DB::Exception: Code: 279. DB::Exception: All connection tries failed. Log: (NETWORK_ERROR). (ALL_CONNECTION_TRIES_FAILED) (version 26.7.2.1 (official build)). (ALL_CONNECTION_TRIES_FAILED)',
  );

  assert.deepEqual([fault?.code, fault?.type, fault?.retriable], [279, 'ALL_CONNECTION_TRIES_FAILED', true]);
});

for (const [code, retriable] of [
  ['ECONNREFUSED', true],
  ['ECONNRESET', true],
  ['EPIPE', true],
  ['ENOTFOUND', false],
] as const) {
  test(`a connection that fails with ${code} is told in words, without its address`, () => {
    const fault = faultOf(Object.assign(new Error(`connect ${code} 10.1.2.3:8123 user:SECRET`), { code }));

    assert.deepEqual([fault.code, fault.retriable], [null, retriable]);
    assert.doesNotMatch(fault.message, /10\.1|SECRET|^$/);
  });
}

test('a syntax error keeps its place and drops the statement', () => {
  const fault = parseFault(
    "Code: 62. DB::Exception: Syntax error: failed at position 10 (x) (line 1, col 10): x where password = 'SECRET'. Expected one of: token, end of query. (SYNTAX_ERROR)",
  );

  assert.equal(fault?.message, 'Syntax error: failed at position 10 (x) (line 1, col 10). Expected one of: token, end of query.');
});

test('what is no text of ClickHouse is no fault of it', () => {
  assert.equal(parseFault('anything else'), null);
});
