import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PostgresFault } from '../../../framework/connections/postgres.ts';
import { GccflowError } from '../../../framework/foundation/error.ts';
import { settle } from '../../../framework/scrape/flow/settle.ts';
import type { LeasedTask } from '../../../framework/scrape/queue/task.ts';
import { flowFile } from '../../support/flow-node.ts';

const deps = { mask: (text: string) => text.replaceAll('s3cret', '***'), projectDir: '/srv/shop' };
const flow = flowFile({ retry: { backoff: '10s' } });
const task = (tries: number): LeasedTask => ({
  id: '1',
  flow: 'refresh',
  attempt: tries + 40,
  tries,
  isLastTry: false,
  params: {},
  priority: 0,
  accountId: null,
  createdAt: new Date(0),
  expiresAt: null,
});

function refusal(sqlState: string): GccflowError {
  const cause = new PostgresFault('no', { sqlState, place: null, isRaised: false });
  return new GccflowError('POSTGRES_QUERY', `PostgreSQL refused a statement: no (SQLSTATE ${sqlState}).`, { cause });
}

test('a service that is away, a deadlock and a full disk give the task back', () => {
  const away = (['POSTGRES_UNREACHABLE', 'BROKER_UNREACHABLE', 'OBJECTS_UNREACHABLE', 'LIMITER_UNREACHABLE'] as const).map(
    (code) => new GccflowError(code, 'It does not answer to s3cret.'),
  );

  for (const thrown of [...away, refusal('40P01'), refusal('40001'), refusal('53100'), refusal('25006')]) {
    const settlement = settle(thrown, task(1), flow, deps);

    assert.ok(settlement.kind === 'returned');
    assert.ok(settlement.waitMs >= 5000 && settlement.waitMs <= 10_000);
    assert.doesNotMatch(settlement.reason, /s3cret/);
  }
});

test('data that is refused, a missing table and a broken constraint fail the attempt', () => {
  for (const sqlState of ['22P02', '23505', '42P01', '57014', 'P0001']) {
    const settlement = settle(refusal(sqlState), task(1), flow, deps);

    assert.equal(settlement.kind === 'failed' && settlement.error.code, 'POSTGRES_QUERY');
  }
});

test('the wait before the next try doubles with each, by chance half of it, up to an hour', () => {
  for (const [tries, wholeMs] of [
    [1, 10_000],
    [2, 20_000],
    [5, 160_000],
    [20, 3_600_000],
    [5000, 3_600_000],
  ] as const) {
    for (let n = 0; n < 50; n++) {
      const settlement = settle(new Error('no'), task(tries), flow, deps);

      assert.ok(settlement.kind === 'failed');
      assert.ok(settlement.retryInMs >= wholeMs / 2 && settlement.retryInMs <= wholeMs);
    }
  }
});

test('of what code throws, the class, the first line and the nearest place in the project are kept', () => {
  const thrown = new SyntaxError(`Unexpected s3cret${'x'.repeat(1000)}\nsecond line`);
  thrown.stack = [
    'SyntaxError: Unexpected',
    '    at JSON.parse (<anonymous>)',
    '    at file:///srv/shop/node_modules/lib/index.js:1:1',
    '    at read (file:///srv/shop/flows/p%20q/parse.ts:12:3)',
    '    at file:///srv/shop/flows/other.ts:1:1',
  ].join('\n');

  const settlement = settle(thrown, task(1), flow, deps);

  assert.ok(settlement.kind === 'failed');
  assert.equal(settlement.error.place, 'flows/p q/parse.ts:12:3');
  assert.match(settlement.error.message, /^SyntaxError: Unexpected \*\*\*x+$/);
  assert.ok(settlement.error.message.length < 600);
  assert.equal(settle(null, task(1), flow, deps).kind, 'failed');
});
