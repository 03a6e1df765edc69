import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { projectFolder } from '../support/cli.ts';

interface Step {
  readonly name?: string;
  readonly if?: string;
  readonly run?: string;
  readonly with?: { readonly path?: string };
}

const workflow = parse(readFileSync('docs/examples/github-actions.yaml', 'utf8')) as { jobs: { check: { steps: readonly Step[] } } };
const { steps } = workflow.jobs.check;

const files = {
  'project.yaml': 'name: shop\ntargets: { dev: {} }\nmodels: { materialized: table }\n',
  'sources/seeds/orders.csv': 'id,amount\n1,10\n2,20\n',
  'models/orders_raw.sql': 'select toUInt32(id) as id, toUInt32(amount) as amount from {{ref "orders"}}\n',
  'models/totals.sql': 'select sum(amount) as amount from {{ref "orders_raw"}}\n',
  'models/shop.yaml': 'kind: models\nexposures:\n  - { name: board, depends_on: [totals] }\n',
};

test('the steps of the example for CI tell a pull request what it breaks, and pass what breaks nothing', async () => {
  using folder = projectFolder(files);
  using tools = projectFolder({});
  installTools(tools.dir, folder.dir);
  const run = (event: Event) => runSteps(event, folder.dir, tools.dir);

  const pushed = await run('push');
  for (const path of statePaths()) cpSync(join(folder.dir, path), join(tools.dir, 'state', path.replace('target/', '')));
  rmSync(join(folder.dir, 'target'), { recursive: true });
  writeFileSync(join(folder.dir, 'models/totals.sql'), 'select count() as orders, sum(amount) as amount from {{ref "orders_raw"}}\n');
  const harmless = await run('pull_request');
  writeFileSync(join(folder.dir, 'models/totals.sql'), 'select toFloat64(sum(amount)) as amount from {{ref "orders_raw"}}\n');
  const breaking = await run('pull_request');

  assert.deepEqual(pushed.failed, []);
  assert.deepEqual(harmless.failed, []);
  assert.match(harmless.comment, /`model\.totals\.orders` \| added: `UInt64`/);
  assert.deepEqual(breaking.failed, ['Check against the main branch']);
  assert.match(breaking.output, /The column 'amount' of the model 'totals' was UInt64 and is Float64; it is read by exposure 'board'\./);
  assert.match(breaking.comment, /\| `model\.totals\.amount` \| `UInt64` → `Float64` \| `exposure\.board` \|/);
});

type Event = 'push' | 'pull_request';

/** `npx` runs this repository's gccflow; `gh` gives the kept state and keeps the comment. */
function installTools(dir: string, projectDir: string): void {
  const gccflow = `${process.execPath} ${resolve('framework/cli/gccflow.mjs')}`;
  const tools = {
    npx: `shift; exec ${gccflow} "$@"`,
    npm: 'exit 0',
    gh: `case "$1 $2" in
  'run list') echo 1 ;;
  'run download') rm -rf state && cp -r ${join(dir, 'state')} state ;;
  'pr comment') cp ${join(projectDir, 'diff.md')} ${join(dir, 'comment.md')} ;;
  *) exit 1 ;;
esac`,
  };
  for (const [name, script] of Object.entries(tools)) {
    writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(dir, name), 0o755);
  }
}

function statePaths(): readonly string[] {
  const keep = steps.find(({ name }) => name === 'Keep the state for pull requests');
  return (keep?.with?.path ?? '').trim().split('\n');
}

/** Runs the steps that the event asks for, in one shell each, as GitHub does: after a failure only those that say so. */
async function runSteps(event: Event, cwd: string, toolsDir: string) {
  const env = { ...process.env, PATH: `${toolsDir}:${process.env.PATH}`, GH_TOKEN: 'none' };
  const failed: string[] = [];
  let output = '';
  for (const step of steps) {
    const wanted = step.if === undefined || step.if.includes(`'${event}'`);
    const runsAnyway = step.if?.includes('!cancelled()') ?? false;
    if (step.run === undefined || !wanted || (failed.length > 0 && !runsAnyway)) continue;
    const script = step.run.replaceAll(/\$\{\{ github\.event\.number \}\}/g, '1');
    try {
      output += (await promisify(execFile)('bash', ['-eo', 'pipefail', '-c', script], { cwd, env })).stdout;
    } catch (thrown) {
      output += (thrown as { stdout: string }).stdout;
      failed.push(step.name ?? script);
    }
  }
  const comment = event === 'pull_request' ? readFileSync(join(toolsDir, 'comment.md'), 'utf8') : '';
  return { failed, output, comment };
}
