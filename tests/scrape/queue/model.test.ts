import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cancelTasks } from '../../../framework/scrape/queue/cancel-tasks.ts';
import { pauseFlows, resumeFlows } from '../../../framework/scrape/queue/pause-flows.ts';
import { retryTasks } from '../../../framework/scrape/queue/retry-tasks.ts';
import type { Settlement } from '../../../framework/scrape/queue/task.ts';
import type { Held } from '../../../framework/scrape/queue/task-queue.ts';
import {
  comeDue,
  emptyQueue,
  lease,
  newTask,
  queueServers,
  runOutLeases,
  type ScratchQueue,
  scratchQueue,
} from '../../support/task-queue.ts';

const policy = { retainDays: 7 };
const error = { code: 'X', message: 'no', place: null };

/** A task as it should be. */
interface ModelTask {
  status: 'PENDING' | 'PROCESSING' | 'COMPLETE' | 'FAILED' | 'CANCELLED';
  ready: boolean;
  attempt: number;
  tries: number;
  readonly maxAttempts: number;
}

class Model {
  readonly tasks = new Map<string, ModelTask>();
  /** Every lease that was ever granted. */
  readonly leases: Held[] = [];
  isPaused = false;

  ids(fits: (task: ModelTask) => boolean): string[] {
    return [...this.tasks].filter(([, task]) => fits(task)).map(([id]) => id);
  }

  get(id: string): ModelTask {
    const task = this.tasks.get(id);
    assert.ok(task, `the queue made up task ${id}`);
    return task;
  }

  isHeld({ id, attempt }: Held): boolean {
    const task = this.get(id);
    return task.status === 'PROCESSING' && task.attempt === attempt;
  }

  /** What ending an attempt makes of its task. */
  settle(task: ModelTask, settlement: Settlement): void {
    if (settlement.kind === 'complete') task.status = 'COMPLETE';
    else if (settlement.kind === 'refused' || (settlement.kind === 'failed' && task.tries >= task.maxAttempts)) task.status = 'FAILED';
    else {
      const waitMs = settlement.kind === 'failed' ? settlement.retryInMs : settlement.waitMs;
      Object.assign(task, { status: 'PENDING', ready: waitMs === 0, tries: task.tries - (settlement.kind === 'returned' ? 1 : 0) });
    }
  }
}

type Command = fc.AsyncCommand<Model, ScratchQueue>;

/** A step that may always be taken; afterwards every task is where the model has it. */
function step(name: string, run: (model: Model, real: ScratchQueue) => Promise<void>): Command {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real);
      await compare(model, real);
    },
    toString: () => name,
  };
}

async function compare(model: Model, { postgres }: ScratchQueue): Promise<void> {
  const rows = await postgres.query<{ id: string; status: string; ready: boolean; attempt: number; tries: number }>(
    'select id, status, ready, attempt, tries from gccflow.scrape_request',
  );
  const real = rows.map(({ id, status, ready, attempt, tries }) => ({ id, status, ready: status === 'PENDING' && ready, attempt, tries }));
  const wanted = [...model.tasks].map(([id, { status, ready, attempt, tries }]) => {
    return { id, status, ready: status === 'PENDING' && ready, attempt, tries };
  });
  const byId = (one: { id: string }, other: { id: string }): number => Number(one.id) - Number(other.id);
  assert.deepEqual(real.toSorted(byId), wanted.toSorted(byId));
}

const settlements: readonly Settlement[] = [
  { kind: 'complete' },
  { kind: 'failed', error, retryInMs: 0 },
  { kind: 'failed', error, retryInMs: 3_600_000 },
  { kind: 'refused', error },
  { kind: 'returned', reason: 'a limit', waitMs: 0 },
  { kind: 'returned', reason: 'a limit', waitMs: 3_600_000 },
];

const enqueue = (count: number, maxAttempts: number): Command =>
  step(`enqueue ${count} with ${maxAttempts} attempts`, async (model, { queue }) => {
    const { ids } = await queue.enqueue(Array.from({ length: count }, () => newTask({ maxAttempts })));
    for (const id of ids) model.tasks.set(id ?? '', { status: 'PENDING', ready: true, attempt: 0, tries: 0, maxAttempts });
  });

const leaseSome = (limit: number): Command =>
  step(`lease ${limit}`, async (model, { queue }) => {
    const due = model.isPaused ? 0 : model.ids(({ status, ready }) => status === 'PENDING' && ready).length;
    const leased = await lease(queue, limit);
    assert.equal(leased.length, Math.min(limit, due));
    for (const { id, attempt, isLastTry } of leased) {
      const task = model.get(id);
      assert.deepEqual([task.status, task.ready], ['PENDING', true]);
      Object.assign(task, { status: 'PROCESSING', attempt: task.attempt + 1, tries: task.tries + 1 });
      assert.deepEqual([attempt, isLastTry], [task.attempt, task.tries >= task.maxAttempts]);
      model.leases.push({ id, attempt });
    }
  });

/** Ends leases, late ones too: of those nothing may be written. */
const settle = (picks: readonly number[], kind: number): Command =>
  step(`end leases ${picks.join()} by ${settlements[kind]?.kind}`, async (model, { queue }) => {
    const settlement = settlements[kind];
    assert.ok(settlement);
    const chosen = new Map(
      picks.flatMap((pick) => model.leases.at(pick % Math.max(1, model.leases.length)) ?? []).map((held) => [held.id, held]),
    );
    const late = [...chosen.values()].filter((held) => !model.isHeld(held)).map(({ id }) => id);
    const { lost } = await queue.exchange(
      [...chosen.values()].map((held) => ({ ...held, settlement })),
      [],
      'w',
    );
    assert.deepEqual(lost.toSorted(), late.toSorted());
    for (const { id } of chosen.values()) if (!late.includes(id)) model.settle(model.get(id), settlement);
  });

const completeWithin = (pick: number, commits: boolean): Command =>
  step(`end lease ${pick} in a transaction that is ${commits ? 'committed' : 'rolled back'}`, async (model, { queue, postgres }) => {
    const held = model.leases.at(pick % Math.max(1, model.leases.length));
    if (held === undefined) return;
    const isHeld = model.isHeld(held);
    const work = postgres.transaction(async (session) => {
      assert.equal(await queue.completeWithin(session, held), isHeld);
      if (!commits) throw new Error('rolled back');
    });
    await work.catch((thrown) => assert.equal(thrown.message, 'rolled back'));
    if (isHeld && commits) model.get(held.id).status = 'COMPLETE';
  });

const extend = step('lengthen every lease that ever was', async (model, { queue }) => {
  const unique = [...new Map(model.leases.map((held) => [`${held.id}/${held.attempt}`, held])).values()];
  const kept = await queue.extend(unique, 60_000);
  assert.deepEqual([...kept].toSorted(), model.ids(({ status }) => status === 'PROCESSING').toSorted());
});

const runOut = step('all leases run out', async (model, { queue, postgres }) => {
  await runOutLeases(postgres);
  await postgres.query(`update gccflow.scrape_request_log set run_at = now() + interval '1 hour' where not ready`); // however slow the machine
  const late = model.ids(({ status }) => status === 'PROCESSING');
  const { leasesEnded } = await queue.keepHouse(policy);
  assert.equal(leasesEnded, late.length);
  for (const id of late) model.settle(model.get(id), { kind: 'failed', error, retryInMs: 1_000 });
});

const timePasses = step('the time of all that waits comes', async (model, { queue, postgres }) => {
  await comeDue(postgres);
  await queue.keepHouse(policy);
  for (const id of model.ids(({ status }) => status === 'PENDING')) model.get(id).ready = true;
});

const cancel = (pick: number): Command =>
  step(`cancel task ${pick}`, async (model, { postgres }) => {
    const id = [...model.tasks.keys()].at(pick % Math.max(1, model.tasks.size));
    if (id === undefined) return;
    const isQueued = ['PENDING', 'PROCESSING'].includes(model.get(id).status);
    assert.equal(await cancelTasks(postgres, { ids: [id], flows: [], statuses: [], sinceMs: null }), isQueued ? 1 : 0);
    if (isQueued) model.get(id).status = 'CANCELLED';
  });

const retry = step('retry all that failed or was cancelled', async (model, { postgres }) => {
  const ended = model.ids(({ status }) => status === 'FAILED' || status === 'CANCELLED');
  assert.equal(await retryTasks(postgres, { ids: [], flows: ['f'], statuses: [], sinceMs: null }), ended.length);
  for (const id of ended) Object.assign(model.get(id), { status: 'PENDING', ready: true, tries: 0 });
});

const pause = step('pause', async (model, { postgres }) => {
  await pauseFlows(postgres, ['f']);
  model.isPaused = true;
});

const resume = step('resume', async (model, { postgres }) => {
  await resumeFlows(postgres, ['f']);
  model.isPaused = false;
});

const steps = fc.commands(
  [
    fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 })).map(([count, attempts]) => enqueue(count, attempts)),
    fc.integer({ min: 0, max: 6 }).map(leaseSome),
    fc
      .tuple(fc.array(fc.nat(50), { minLength: 1, maxLength: 5 }), fc.nat(settlements.length - 1))
      .map(([picks, kind]) => settle(picks, kind)),
    fc.tuple(fc.nat(50), fc.boolean()).map(([pick, commits]) => completeWithin(pick, commits)),
    fc.constant(extend),
    fc.constant(runOut),
    fc.constant(timePasses),
    fc.nat(50).map(cancel),
    fc.constant(retry),
    fc.constant(pause),
    fc.constant(resume),
  ],
  { maxCommands: 60, size: 'max' },
);

for (const [name, server] of Object.entries(queueServers)) {
  test(`whatever is done in whatever order, tasks stand where they should, and each lease counts once (${name})`, async (context) => {
    await using scratch = await scratchQueue(context, server);
    if (scratch === null) return;
    await fc.assert(
      fc.asyncProperty(steps, async (commands) => {
        await emptyQueue(scratch.postgres);
        await fc.asyncModelRun(() => ({ model: new Model(), real: scratch }), commands);
      }),
      { numRuns: name === 'embedded' ? 100 : 20 },
    );
  });
}
