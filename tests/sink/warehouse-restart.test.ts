import assert from 'node:assert/strict';
import { test } from 'node:test';
import { streamProject } from '../support/stream-project.ts';
import { until } from '../support/until.ts';

test('a running sink goes on by itself after the process that serves its warehouse was killed and came back elsewhere', {
  timeout: 120_000,
}, async (context) => {
  await using project = await streamProject(context);
  if (project === null) return;
  await project.drain();
  const { child, ended } = project.sink();
  await project.publish(2000);
  await until(async () => (await project.stored()).rows > 0, 'nothing is stored');

  await project.killWarehouse();
  await project.publish(2000, 2000);
  await until(async () => (await project.broker.inspect('event_q'))?.ready === 0, 'the sink takes nothing');
  project.serveWarehouse();
  const stored = (): Promise<number> =>
    project.stored().then(
      ({ rows }) => rows,
      () => 0,
    );
  await until(async () => (await stored()) >= 4000, 'not all is stored', 60_000);
  child.kill('SIGTERM');
  const { exitCode, stderr } = await ended;

  assert.equal(exitCode, 0);
  assert.deepEqual(await project.stored(), { rows: 4000, ids: 4000 });
  assert.equal((await project.broker.inspect('event_q'))?.ready, 0);
  const said = ['destination away', 'destination answered again'];
  assert.deepEqual(
    said.map((line) => stderr.split(line).length - 1),
    [1, 1],
    stderr,
  );
});
