import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFlowRuns } from '../../framework/cli/open-flow-runs.ts';
import { TargetConfig } from '../../framework/project/target-config.ts';
import { apiNode, flowNode } from '../support/flow-node.ts';
import { embeddedConfig, embeddedProjectDir } from '../support/postgres.ts';
import { projectDir } from '../support/project-dir.ts';
import { lease, newTask, scratchQueue } from '../support/task-queue.ts';
import { json, openUpstream } from '../support/upstream.ts';
import { silentLog } from '../support/warehouse.ts';

test('a step that calls an API while its task holds the only connection for transactions is let through', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  await using upstream = await openUpstream({ otherwise: json({ id: 1 }) });
  using project = projectDir({
    'flows/step.ts':
      "export default async (_records: unknown, { db, http }: any) => { await db.query('select 1'); await http({ path: '/more' }); };",
  });
  const flow = flowNode({
    name: 'f',
    limits: [{ key: 'all', requests: 100, per: '1s' }],
    retrieve: { api: 'provider', path: '/first' },
    process: [{ run: './step.ts' }],
  });
  await using open = await openFlowRuns({
    projectDir: project.dir,
    target: TargetConfig.parse({ postgres: { ...embeddedConfig, path: join(embeddedProjectDir(), embeddedConfig.path) } }),
    flows: [flow],
    apis: [apiNode({ name: 'provider', base_url: upstream.url })],
    runs: ['f'],
    maxConnections: 1,
    mask: (text) => text,
    log: silentLog,
    signal: new AbortController().signal,
  });
  await scratch.queue.enqueue([newTask()]);
  const [task] = await lease(scratch.queue, 1);
  const run = open.runs.get('f');
  assert.ok(task && run);

  const outcome = await run(task, new AbortController().signal);

  assert.deepEqual(outcome, { kind: 'settled' });
  assert.deepEqual(
    upstream.arrivals.map(({ path }) => path),
    ['/first', '/more'],
  );
});
