import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMetrics } from '../../../framework/scrape/worker/metrics.ts';
import { hasWork, queueAges } from '../../../framework/scrape/worker/queue-state.ts';
import { newTask, scratchQueue } from '../../support/task-queue.ts';
import { labFlow, labWorker, untilEnded } from '../../support/worker-lab.ts';

test('metrics tell of attempts by outcome and code, of what runs, and of what waits for how long', async (context) => {
  await using scratch = await scratchQueue(context);
  if (scratch === null) return;
  const { queue, postgres } = scratch;
  const metrics = openMetrics({
    running: () => new Map([['f', 2]]),
    queueAges: () => queueAges(postgres, ['f', 'later']),
    outbox: async () => ({ waiting: 3, due: 1, lagSeconds: 7 }),
  });
  await queue.enqueue([newTask(), newTask({ params: { does: 'throw' }, maxAttempts: 1 })]);
  await using _worker = labWorker(queue, [labFlow('f')], { metrics });
  await untilEnded(postgres);
  metrics.leaseLost('f');
  metrics.published(5);
  await queue.enqueue([newTask({ flow: 'idle' })]);

  const text = await metrics.print();

  assert.match(text, /gccflow_task_attempts_total\{flow="f",outcome="complete",code=""\} 1/);
  assert.match(text, /gccflow_task_attempts_total\{flow="f",outcome="failed",code="HANDLER_THREW"\} 1/);
  assert.match(text, /gccflow_task_leases_lost_total\{flow="f"\} 1/);
  assert.match(text, /gccflow_tasks_running\{flow="f"\} 2/);
  assert.match(text, /gccflow_queue_age_seconds\{flow="f"\} 0/);
  assert.match(text, /gccflow_outbox_published_total 5/);
  assert.match(text, /gccflow_outbox_waiting 3/);
  assert.match(text, /gccflow_outbox_lag_seconds 7/);
});

test('a flow has work while a task of it is due, runs or waits for another try, and not for one that is still to come', async (context) => {
  await using scratch = await scratchQueue(context);
  if (scratch === null) return;
  const { queue, postgres } = scratch;
  const has = (): Promise<boolean> => hasWork(postgres, ['f']);
  const wish = [{ flow: 'f', limit: 1, leaseMs: 60_000 }];
  const error = { code: 'HTTP_STATUS', message: 'no', place: null };
  const seen: boolean[] = [await has()];

  await queue.enqueue([newTask({ runAt: { inMs: 3_600_000 } })]);
  seen.push(await has());
  await queue.enqueue([newTask()]);
  seen.push(await has());
  const { leased } = await queue.exchange([], wish, 'w');
  seen.push(await has());
  const [task] = leased;
  await queue.exchange([{ id: task?.id ?? '', attempt: 1, settlement: { kind: 'failed', error, retryInMs: 3_600_000 } }], [], 'w');
  seen.push(await has());

  assert.deepEqual(seen, [false, false, true, true, true]);
});
