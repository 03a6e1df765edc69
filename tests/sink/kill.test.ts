import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { streamProject } from '../support/stream-project.ts';
import { until } from '../support/until.ts';

/** Events, and kills among them. */
const events = 500_000;
const kills = 20;

/** Numbers in [0, 1) that a seed brings again. */
function numbersOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('a sink that is killed again and again stores every event, and none twice', { timeout: 240_000 }, async (context) => {
  const seed = Number(process.env.KILL_SEED ?? randomInt(1_000_000));
  const random = numbersOf(seed);
  await using project = await streamProject(context);
  if (project === null) return;
  await project.drain(); // declares the queue
  context.diagnostic(`KILL_SEED=${seed}`);

  const published = project.publish(events);
  let died = 0;
  for (let kill = 0; kill < kills; kill++) {
    const { child, ended } = project.sink();
    await until(async () => ((await project.broker.inspect('event_q'))?.consumers ?? 0) > 0, 'the sink does not begin');
    await pause(random() * 1500);
    child.kill('SIGKILL');
    if ((await ended).signal === 'SIGKILL') died++;
  }
  await published;
  await project.drain();

  assert.equal(died, kills);
  assert.deepEqual(await project.stored(), { rows: events, ids: events });
  assert.equal((await project.broker.inspect('event_q.dead'))?.ready, 0);
});
