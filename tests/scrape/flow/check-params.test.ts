import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkParams } from '../../../framework/scrape/flow/check-params.ts';
import { flowFile } from '../../support/flow-node.ts';

const flow = flowFile({
  params: {
    handle: 'string',
    platform: { type: 'string', default: 'instagram' },
    limit: 'integer?',
    since: 'timestamp?',
    ids: 'list?',
    options: 'object?',
  },
});

test('params get their defaults, times in UTC, and nothing for what is optional', () => {
  assert.deepEqual(checkParams(flow, { handle: 'nasa', limit: null, since: '2026-01-02T03:04:05+0200' }), {
    params: { handle: 'nasa', platform: 'instagram', since: '2026-01-02T01:04:05.000Z' },
  });
});

test('everything that is wrong with params is told at once', () => {
  const { mistakes } = checkParams(flow, { handel: 'nasa', platform: 3, limit: 1.5, since: 'yesterday', ids: {}, options: [] });

  assert.deepEqual(mistakes, [
    "The flow has no param 'handel'. Did you mean 'handle'?",
    "The param 'handle' is missing.",
    "The param 'platform' is number where string is expected.",
    "The param 'limit' is number where integer is expected.",
    "The param 'since' is string where timestamp is expected.",
    "The param 'ids' is object where list is expected.",
    "The param 'options' is list where object is expected.",
  ]);
});

test('params of more bytes than the flow takes are refused', () => {
  const small = flowFile({ params: { handle: 'string' }, max_params: '1KB' });

  assert.deepEqual(checkParams(small, { handle: 'ü'.repeat(1000) }), {
    mistakes: ['The params are 2013 bytes as JSON, more than the 1000 of max_params.'],
  });
});

test('what is no object of JSON is refused', () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;

  for (const params of [null, 'x', 3, [], undefined, { handle: 3n }, circle]) {
    const { mistakes = [] } = checkParams(flow, params);

    assert.match(mistakes.join(), /where a JSON object is expected/);
  }
});

test('names that every object has are params like others', () => {
  assert.deepEqual(checkParams(flowFile({ params: { constructor: 'string' } }), {}), { mistakes: ["The param 'constructor' is missing."] });
  assert.match(checkParams(flow, { handle: 'a', toString: 'x' }).mistakes?.join() ?? '', /no param 'toString'/);
});

test('a text that PostgreSQL cannot store is refused, however deep it stands', () => {
  for (const text of ['a\0b', 'half \ud800']) {
    assert.deepEqual(checkParams(flow, { handle: 'a', options: { deep: [{ [text]: 1 }] } }), {
      mistakes: ["The param 'options' holds a character that PostgreSQL cannot store."],
    });
  }
});

test('a time is read in the forms that providers write, and anything else is none', () => {
  const timed = flowFile({ params: { at: 'timestamp' } });
  const read = (at: unknown): unknown => checkParams(timed, { at }).params?.at;

  assert.equal(read('2026-01-02'), '2026-01-02T00:00:00.000Z');
  assert.equal(read('2026-01-02 03:04'), '2026-01-02T03:04:00.000Z');
  assert.equal(read('2026-01-02T03:04:05.6789Z'), '2026-01-02T03:04:05.678Z');
  assert.equal(read('2026-01-02T03:04:05-05:30'), '2026-01-02T08:34:05.000Z');
  assert.equal(read(1_700_000_000), '2023-11-14T22:13:20.000Z');
  for (const none of ['', '2026-13-01', '2026-02-30T99:00', '1700000000', 'Fri, 02 Jan 2026', 1e18, true])
    assert.equal(read(none), undefined);
});
