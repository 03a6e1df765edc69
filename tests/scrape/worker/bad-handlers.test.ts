import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newTask, readTask, scratchQueue } from '../../support/task-queue.ts';
import { errorCodes, labFlow, labWorker, untilEnded } from '../../support/worker-lab.ts';

const good = Array.from({ length: 30 }, () => newTask({ params: { does: 'nothing' } }));

/** What a handler does, the code of the error that each of its attempts ends with, and what its flow declares. */
const bad = [
  { does: 'throw', code: 'HANDLER_THREW', attempts: 3, flow: {} },
  { does: 'throw later', code: 'WORKER_CRASHED', attempts: 2, flow: {} },
  { does: 'exit', code: 'WORKER_CRASHED', attempts: 2, flow: {} },
  { does: 'leak', code: 'WORKER_CRASHED', attempts: 1, flow: {} },
  { does: 'never end', code: 'TASK_TIMEOUT', attempts: 2, flow: { timeout: '300ms' } },
  { does: 'block', code: 'WORKER_STUCK', attempts: 1, flow: { concurrency: 2 } }, // it is looked for among its neighbours, for a lease each time
] as const;

for (const { does, code, attempts, flow } of bad) {
  test(`a task whose handler does '${does}' fails with ${code} after its attempts, and the others of its process complete`, async (context) => {
    await using scratch = await scratchQueue(context);
    if (scratch === null) return;
    const { queue, postgres } = scratch;
    const { ids } = await queue.enqueue([newTask({ params: { does }, maxAttempts: attempts }), ...good]);

    await using _worker = labWorker(queue, [labFlow('f', { timeout: '5m', ...flow })]);
    const ended = await untilEnded(postgres, 120_000);

    assert.deepEqual(ended, { COMPLETE: good.length, FAILED: 1 });
    assert.deepEqual(await errorCodes(postgres, ids[0]), Array(attempts).fill(code));
  });
}

test('tasks that share a process with one that kills it are not charged for it', async (context) => {
  await using scratch = await scratchQueue(context);
  if (scratch === null) return;
  const { queue, postgres } = scratch;
  const beside = Array.from({ length: 4 }, () => newTask({ params: { does: 'wait', ms: 100 }, maxAttempts: 1 }));
  const { ids } = await queue.enqueue([newTask({ params: { does: 'exit' }, maxAttempts: 1 }), ...beside]);

  await using _worker = labWorker(queue, [labFlow('f', { concurrency: 5 })]);
  const ended = await untilEnded(postgres);

  assert.deepEqual(ended, { COMPLETE: 4, FAILED: 1 });
  assert.deepEqual(await errorCodes(postgres, ids[0]), ['WORKER_CRASHED']);
  const tries = await Promise.all(ids.map(async (id) => (await readTask(postgres, id ?? ''))?.tries));
  assert.deepEqual(tries, [1, 1, 1, 1, 1]);
});

test('flows go on while the processes of another one keep crashing', async (context) => {
  await using scratch = await scratchQueue(context);
  if (scratch === null) return;
  const { queue, postgres } = scratch;
  await queue.enqueue([
    ...Array.from({ length: 12 }, () => newTask({ flow: 'poison', params: { does: 'exit' }, maxAttempts: 1 })),
    ...Array.from({ length: 50 }, () => newTask({ flow: 'sound', params: { does: 'nothing' } })),
  ]);

  await using worker = labWorker(queue, [labFlow('poison', { concurrency: 1 }), labFlow('sound')], { workers: 'declared' });
  const ended = await untilEnded(postgres);

  assert.deepEqual(ended, { COMPLETE: 50, FAILED: 12 });
  assert.ok(worker.log.messages('error').includes('children of a flow kept crashing'));
  assert.equal((await worker.running).counts.get('sound')?.complete, 50);
});

test('what a handler writes is told in whole lines, in whatever pieces it comes', async (context) => {
  await using scratch = await scratchQueue(context);
  if (scratch === null) return;
  await scratch.queue.enqueue([newTask({ params: { does: 'write in pieces' } })]);

  const worker = labWorker(scratch.queue, [labFlow('f')]);
  await untilEnded(scratch.postgres);
  await worker[Symbol.asyncDispose]();

  const lines = worker.log.lines.filter(({ message }) => message === 'child wrote').map(({ fields }) => fields.line);
  assert.deepEqual(lines, ['one line', 'and another']);
});

test('a worker whose flows cannot be opened ends with the reason', async (context) => {
  await using scratch = await scratchQueue(context);
  if (scratch === null) return;

  const worker = labWorker(scratch.queue, [labFlow('broken')]);

  await assert.rejects(worker.ended, { message: 'the module does not load' });
});
