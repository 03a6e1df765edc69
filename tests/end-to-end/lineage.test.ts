import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CliRun, type ProjectFolder, projectFolder, runCli } from '../support/cli.ts';
import { lineageProject } from '../support/lineage-project.ts';

test('a served column is followed up to the field that a flow emits', async () => {
  using project = projectFolder(lineageProject);

  const { exitCode, stdout, stderr } = await lineage(project, 'sync.rank.position', '--upstream');

  assert.equal(exitCode, 0, stderr);
  assert.equal(
    stdout,
    `upstream
sync.rank.position
└─ mart_rank.followers_rank
   └─ mart_daily.followers
      ├─ stg_profile.followers
      │  └─ source.beat.profile_log.followers
      │     └─ sink.profile_log.followers
      │        └─ flow.refresh_profile.followers
      └─ stg_profile.received_at
         └─ source.beat.profile_log.received_at
            └─ sink.profile_log.received_at
`,
  );
});

test('a source column is followed down to what is served, and to the rows that a column decides', async () => {
  using project = projectFolder(lineageProject);

  const values = await lineage(project, 'beat.profile_log.metrics', '--downstream');
  const rows = await lineage(project, 'mart_daily.day', '--downstream');

  assert.equal(
    values.stdout,
    `downstream
source.beat.profile_log.metrics
├─ stg_profile.metrics
└─ stg_profile.likes
   └─ mart_daily.likes
      └─ mart_rank.ratio
         └─ exposure.board
`,
  );
  assert.equal(rows.stdout, 'downstream\nmart_daily.day\n└─ rows of mart_rank\n');
});

test('a node alone means all of its columns, and --depth ends the way', async () => {
  using project = projectFolder(lineageProject);

  const { stdout } = await lineage(project, 'mart_rank', '--depth', '1');

  assert.equal(
    stdout,
    `upstream
mart_rank.profile_id
└─ mart_daily.profile_id
mart_rank.followers
└─ mart_daily.followers
mart_rank.ratio
├─ mart_daily.followers
└─ mart_daily.likes
mart_rank.followers_rank
└─ mart_daily.followers
rows of mart_rank
└─ mart_daily.day

downstream
mart_rank.profile_id
├─ sync.rank.profile_id
└─ exposure.board
mart_rank.followers
└─ exposure.board
mart_rank.ratio
└─ exposure.board
mart_rank.followers_rank
├─ sync.rank.position
└─ exposure.board
`,
  );
});

test('the edges come as JSON, for Graphviz and for Mermaid', async () => {
  using project = projectFolder(lineageProject);

  const json = await lineage(project, 'mart_rank.ratio', '--upstream', '--depth', '1', '--json');
  const dot = await lineage(project, 'mart_rank.ratio', '--upstream', '--depth', '1', '--dot');
  const mermaid = await lineage(project, 'mart_rank.ratio', '--upstream', '--depth', '1', '--mermaid');

  const ratio = { node: 'model.mart_rank', column: 'ratio' };
  assert.deepEqual(JSON.parse(json.stdout), {
    start: [ratio],
    edges: [
      { from: { node: 'model.mart_daily', column: 'day' }, to: { node: 'model.mart_rank', column: null }, by: 'rows' },
      { from: { node: 'model.mart_daily', column: 'followers' }, to: ratio, by: 'value' },
      { from: { node: 'model.mart_daily', column: 'likes' }, to: ratio, by: 'value' },
    ],
    unknown: {},
  });
  assert.match(dot.stdout, /^digraph lineage \{[\s\S]*label="mart_daily";[\s\S]*\[style=dashed\];[\s\S]*\}\n$/);
  assert.match(mermaid.stdout, /^flowchart LR\n {2}subgraph g0\["mart_rank"\][\s\S]*-\.->[\s\S]*-->/);
});

test('a name that is not there is answered by the nearest one', async () => {
  using project = projectFolder(lineageProject);

  const column = await lineage(project, 'mart_rank.folowers');
  const node = await lineage(project, 'mart_rnk.followers');
  const forms = await lineage(project, 'mart_rank', '--dot', '--json');

  assert.equal(column.exitCode, 2);
  assert.match(column.stderr, /The model 'mart_rank' has no column 'folowers'\.\n.*Did you mean 'followers'\?/);
  assert.equal(node.exitCode, 2);
  assert.match(node.stderr, /Did you mean 'mart_rank\.followers'\?/);
  assert.equal(forms.exitCode, 2);
  assert.match(forms.stderr, /'--json' and '--dot' exclude each other/);
});

test('a model whose SQL has a mistake is named where the lineage ends at it', async () => {
  using project = projectFolder({ ...lineageProject, 'models/marts/mart_rank.sql': 'select nothing from {{ref "mart_daily"}}' });

  const { exitCode, stdout, stderr } = await lineage(project, 'mart_daily.likes', '--downstream');

  assert.equal(exitCode, 0);
  assert.equal(stdout, 'downstream\nmart_daily.likes\n');
  assert.match(stderr, /The lineage of 'model\.mart_rank' is not known, because its SQL could not be checked\./);
});

test('what was read before is not asked again, and a changed model is', async () => {
  using project = projectFolder(lineageProject);
  const first = await lineage(project, 'mart_rank.ratio', '--json');
  const cache = (): string => readFileSync(join(project.dir, '.gccflow/cache/lineage-cache.json'), 'utf8');
  const written = cache();

  const second = await lineage(project, 'mart_rank.ratio', '--json');
  const unchanged = cache();
  const file = join(project.dir, 'models/marts/mart_rank.sql');
  writeFileSync(file, readFileSync(file, 'utf8').replace('likes / followers', 'toFloat64(followers)'));
  const changed = await lineage(project, 'mart_rank.ratio', '--upstream', '--depth', '1');
  writeFileSync(join(project.dir, '.gccflow/cache/lineage-cache.json'), written.slice(0, -20));
  const damaged = await lineage(project, 'mart_rank.ratio', '--upstream', '--depth', '1');

  assert.equal(second.stdout, first.stdout);
  assert.equal(unchanged, written);
  assert.match(changed.stdout, /^mart_rank\.ratio\n└─ mart_daily\.followers\nrows of/m);
  assert.equal(damaged.stdout, changed.stdout);
});

function lineage(project: ProjectFolder, ...args: string[]): Promise<CliRun> {
  return runCli(['lineage', ...args], { cwd: project.dir });
}
