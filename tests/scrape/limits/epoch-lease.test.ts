import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EpochLease } from '../../../framework/scrape/limits/epoch-lease.ts';

/** A PostgreSQL that is asked, answers when it is told to, and says whether the epoch is the latest when it is asked. */
function database() {
  const questions: PromiseWithResolvers<boolean>[] = [];
  const isLatest = (): Promise<boolean> => {
    const question = Promise.withResolvers<boolean>();
    questions.push(question);
    return question.promise;
  };
  return { lease: new EpochLease(isLatest), questions };
}

test('a lease holds for a second from before the question, and is renewed before anybody has to wait', async (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const { lease, questions } = database();

  const first = lease.holds();
  context.mock.timers.tick(300);
  questions[0]?.resolve(true);
  assert.equal(await first, true);
  assert.equal(lease.holds(), true);
  assert.equal(questions.length, 1);
  context.mock.timers.tick(500);
  assert.equal(lease.holds(), true);
  assert.equal(questions.length, 2);
  context.mock.timers.tick(300);
  assert.ok(lease.holds() instanceof Promise);

  questions[1]?.resolve(true);
});

test('an answer that comes after its lease counts for nobody who asked Redis meanwhile', async (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const { lease, questions } = database();
  void lease.holds();

  context.mock.timers.tick(1_500);
  const late = lease.holds();
  questions[0]?.resolve(true);
  await new Promise(setImmediate);
  assert.equal(questions.length, 2);
  questions[1]?.resolve(false);

  assert.equal(await late, false);
});

test('what fails in advance is told to whoever has to know', async (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const { lease, questions } = database();
  const first = lease.holds();
  questions[0]?.resolve(true);
  await first;

  context.mock.timers.tick(800);
  assert.equal(lease.holds(), true);
  questions[1]?.reject(new Error('away'));
  await new Promise(setImmediate);
  context.mock.timers.tick(300);
  const asked = lease.holds();
  questions[2]?.reject(new Error('still away'));

  await assert.rejects(async () => asked, /still away/);
});
