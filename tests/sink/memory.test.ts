import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { streamProject } from '../support/stream-project.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);

/** Of 900 KB each. Held all at once, they and their rows take 1.1 GB. */
const events = 300;

/** Memory of a process that is in use, in MB. */
async function residentMb(pid: number | undefined): Promise<number> {
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout) / 1024;
}

test('a sink whose destination is away takes of large bodies what fits into its memory, and stores all once it answers', {
  timeout: 170_000,
}, async (context) => {
  await using project = await streamProject(context);
  if (project === null) return;
  await project.drain();
  const { child, ended } = project.sink();
  context.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  await until(async () => (await project.broker.inspect('event_q'))?.consumers === 2, 'nothing consumes');
  await project.killWarehouse();
  const note = 'x'.repeat(900_000);
  const before = await residentMb(child.pid);

  await project.publish(events, 0, (n) => ({ event_id: `e${n}`, kind: 'like', at: '2026-03-01 04:00:00', metrics: { note } }));
  await until(
    () => said.includes('fewer deliveries held'),
    () => `the sink goes on to take: ${said}`,
  );
  const away = await residentMb(child.pid);
  project.serveWarehouse();
  let most = away;
  const stored = (): Promise<number> =>
    project.stored().then(
      ({ rows }) => rows,
      () => 0,
    );
  await until(
    async () => {
      most = Math.max(most, await residentMb(child.pid));
      return (await stored()) >= events;
    },
    'not all is stored',
    120_000,
  );
  child.kill('SIGTERM');
  const { exitCode } = await ended;

  context.diagnostic(`${Math.round(before)} MB before, ${Math.round(away)} MB while it was away, ${Math.round(most)} MB at most`);
  assert.equal(exitCode, 0);
  assert.deepEqual(await project.stored(), { rows: events, ids: events });
  assert.equal((await project.broker.inspect('event_q.dead'))?.ready, 0);
  assert.ok(most < before + 550, `${before} MB before, ${away} MB while it was away, ${most} MB at most`);
  assert.equal(said.split('fewer deliveries held').length, 2, said);
});
