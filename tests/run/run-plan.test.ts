import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WarehouseFault } from '../../framework/connections/warehouse.ts';
import type { RunEvent } from '../../framework/run/run-deps.ts';
import type { RunResult } from '../../framework/run/run-result.ts';
import { type ProjectFiles, scratchProject } from '../support/scratch-project.ts';
import { type RecordedStatement, recordWarehouse, watchWarehouse } from '../support/watched-warehouse.ts';

test('a failed model skips its descendants, names itself, and the others are built', async () => {
  await using project = await scratchProject(chain({ a: table('select throwIf(1) as n') }));

  const result = await project.run('run');

  assert.equal(result.status, 'error');
  assert.deepEqual(statuses(result), { a: 'error', b: 'skipped', c: 'skipped', z: 'success' });
  assert.deepEqual(
    result.nodes.filter(({ status }) => status === 'skipped').map(({ skippedBy }) => skippedBy),
    ['model.a', 'model.a'],
  );
  assert.equal(result.nodes.find(({ node }) => node === 'model.a')?.error?.code, 'WAREHOUSE_QUERY');
});

test('fail-fast starts nothing after the first failure', async () => {
  await using project = await scratchProject(chain({ a: table('select throwIf(1) as n') }));

  const result = await project.run('run', { deps: { failFast: true, threads: 1 } });

  assert.deepEqual(statuses(result), { a: 'error', b: 'skipped', c: 'skipped', z: 'skipped' });
});

test('an abort ends the running statement, starts nothing more and says what happened', async () => {
  await using project = await scratchProject(chain({ a: table('select count() as n from system.numbers where not ignore(number)') }));
  const stop = new AbortController();
  const warehouse = watchWarehouse(project.warehouse, {
    before: (sql) => {
      if (sql.includes('insert into') && sql.includes('system.numbers')) setTimeout(() => stop.abort(new Error('stopped by SIGINT')), 100);
    },
  });

  const result = await project.run('run', { deps: { warehouse, signal: stop.signal, threads: 1 } });

  assert.equal(result.status, 'cancelled');
  assert.deepEqual(statuses(result), { a: 'cancelled', b: 'cancelled', c: 'cancelled', z: 'cancelled' });
  assert.equal(result.nodes.find(({ node }) => node === 'model.a')?.error?.code, 'CANCELLED');
  assert.deepEqual(
    await project.query(`select query from system.processes where query like '%not ignore%' and query not like '%processes%'`),
    [],
  );
  assert.deepEqual(await project.staging(), []);
});

test('a node that runs longer than its timeout is ended, and the others go on', async () => {
  const endless = '{{config materialized="table" timeout="200ms"}}\nselect count() as n from system.numbers where not ignore(number)';
  await using project = await scratchProject(chain({ a: endless }));

  const result = await project.run('run');

  assert.equal(result.nodes.find(({ node }) => node === 'model.a')?.error?.code, 'NODE_TIMEOUT');
  assert.deepEqual(statuses(result), { a: 'error', b: 'skipped', c: 'skipped', z: 'success' });
  assert.deepEqual(await project.staging(), []);
});

test('a fault that may pass is tried again with a clean stage, others are not', async () => {
  await using project = await scratchProject({ 'models/m.sql': table('select number as n from numbers(3)') });
  const passing = new WarehouseFault('memory taken by others', { code: 241, type: 'MEMORY_LIMIT_EXCEEDED', retriable: true });
  let faults = 0;
  const events: RunEvent[] = [];
  const warehouse = watchWarehouse(project.warehouse, {
    after: (sql) => {
      if (/insert into `_gccflow`.`m__/.test(sql) && faults++ === 0) throw passing; // the rows are there, the answer is not
    },
  });

  const result = await project.run('run', { deps: { warehouse, onEvent: (event) => events.push(event) } });

  assert.equal(result.status, 'success');
  assert.equal(events.filter(({ kind }) => kind === 'retrying').length, 1);
  assert.equal((await project.query('select n from @.m')).length, 3);
});

test('an exchange whose answer is lost is not done twice', async () => {
  await using project = await scratchProject({ 'models/m.sql': table('select 1 as n') });
  await project.run('run');
  await project.write({ 'models/m.sql': table('select 2 as n') });
  let faults = 0;
  const warehouse = watchWarehouse(project.warehouse, {
    after: (sql) => {
      if (/exchange tables/.test(sql) && faults++ === 0) {
        throw new WarehouseFault('connection reset', { code: null, type: null, retriable: true });
      }
    },
  });

  const result = await project.run('run', { deps: { warehouse } });

  assert.equal(result.status, 'success');
  assert.deepEqual(await project.query('select n from @.m'), [{ n: 2 }]);
  const [kept] = await project.staging();
  assert.deepEqual(await project.query(`select n from _gccflow.${kept}`), [{ n: 1 }]);
});

test('every statement has a query id of its own, and a node costs what all of them cost', async () => {
  await using project = await scratchProject({ 'models/m.sql': table('select number as n from numbers(5)') });

  const { nodes } = await project.run('run');

  const ids = nodes[0]?.statements.map(({ queryId }) => queryId) ?? [];
  const [entry] = await project.query<{ statements: string[]; rows_written: string }>('select * from _gccflow.publications');
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(nodes[0]?.rowsWritten, 5);
  assert.equal(entry?.rows_written, '5');
  assert.deepEqual(entry?.statements, ids.slice(0, entry?.statements.length));
});

test('every statement for a node, its tests and hooks too, names it and has an id of its own', async () => {
  await using project = await scratchProject({
    'sources/seeds/codes.csv': 'code\n1\n',
    'models/view.sql': 'select code from {{ref "codes"}}',
    'models/m.sql': `{{config materialized="incremental" unique_key="code" pre_hook="select 1" post_hook="select 2"}}\nselect code from {{ref "view"}}`,
    'models/m.yaml':
      'kind: models\nmodels:\n  - name: m\n    columns:\n      - { name: code, tests: [not_null, unique: { store_failures: true }] }\n',
  });
  await project.run('build');
  const { warehouse, statements } = recordWarehouse(project.warehouse);
  const ran: RecordedStatement[] = [];
  const onEvent = ({ kind }: RunEvent): void => {
    const since = statements.splice(0);
    if (kind === 'finished' || ran.length > 0) ran.push(...since);
  };

  const { nodes } = await project.run('build', { fullRefresh: true, deps: { warehouse, onEvent } });
  await project.run('build', { deps: { warehouse, onEvent } });

  const nodeIn = (sql: string | null): string | undefined =>
    /^(?:insert into )?\/\* gccflow \{"node":"([^"]+)"\} \*\//.exec(sql ?? '')?.[1];
  const ofNodes = ran.filter(
    ({ sql }) => !/lease__|create (database|table) if not exists|system\.(tables|databases|keywords)|publication in/.test(sql),
  );
  assert.ok(ofNodes.length > 30, `only ${ofNodes.length} statements`);
  assert.deepEqual(
    ofNodes.filter(({ sql }) => nodeIn(sql) === undefined),
    [],
  );
  const ids = ofNodes.map(({ queryId }) => queryId);
  assert.equal(new Set(ids).size, ids.length);
  for (const { statements: own, node } of nodes) {
    assert.ok(own.length > 0, node);
    assert.ok(own.every(({ sql }) => nodeIn(sql) === node));
  }
  const tested = nodes.find(({ node }) => node.startsWith('test.'))?.statements;
  assert.ok(
    tested?.some(({ readRows }) => readRows > 0),
    'a test costs what its query reads',
  );
});

test('hooks run around the build with the live name, and a failing post_hook does not publish again', async () => {
  await using project = await scratchProject({
    'models/m.sql': `{{config materialized="table" pre_hook="insert into ${'{{source \\"raw\\" \\"log\\"}}'} values (1)" post_hook="select throwIf(1)"}}\nselect 1 as n`,
    'models/raw.yaml': 'kind: source\nname: raw\ndatabase: DB\ntables:\n  - name: log\n',
  });
  await project.execute('create table @.log (n UInt8) engine = MergeTree order by n');
  await project.write({ 'models/raw.yaml': `kind: source\nname: raw\ndatabase: ${project.database}\ntables:\n  - name: log\n` });

  const { nodes } = await project.run('run');

  assert.equal(nodes[0]?.status, 'error');
  assert.match(nodes[0]?.message ?? '', /The new rows are published\.$/);
  assert.deepEqual(await project.query('select n from @.log'), [{ n: 1 }]);
  assert.deepEqual(await project.query('select n from @.m'), [{ n: 1 }]);
});

test('grants are given on the live name once it is published', async () => {
  await using project = await scratchProject({
    'models/m.sql': '{{config materialized="table" grants=(map select=(list "analyst" "o`clock"))}}\nselect 1 as n',
  });
  const statements: string[] = [];
  const warehouse = watchWarehouse(project.warehouse, { before: (sql) => void statements.push(sql.replace(/^\/\*.*?\*\/ /, '')) });

  await project.run('run', { deps: { warehouse } }); // the embedded engine has no such users and refuses the statement itself

  const published = statements.findIndex((sql) => sql.startsWith('rename table'));
  const granted = statements.indexOf(`grant select on \`${project.database}\`.\`m\` to \`analyst\`, \`o\\\`clock\``);
  assert.ok(granted > published && published > 0, statements.join('\n'));
  assert.deepEqual(await project.query('select n from @.m'), [{ n: 1 }]);
});

test('names with quotes, spaces, unicode and reserved words are published like others', async () => {
  await using project = await scratchProject({
    'models/odd.sql': `{{config materialized="incremental" alias="sélect \`from\` 'x'" unique_key=(list "gr\`oup by") order_by="tuple()"}}\nselect 1 as \`gr\\\`oup by\`, 2 as \`naïve\``,
  });

  const first = await project.run('run');
  const second = await project.run('run');

  assert.deepEqual(
    [...first.nodes, ...second.nodes].map(({ error }) => error),
    [null, null],
  );
  assert.deepEqual(await project.query("select `naïve` from @.`sélect \\`from\\` 'x'`"), [{ naïve: 2 }]);
});

/** c reads b, b reads a; z stands alone. */
function chain(files: Readonly<Record<string, string>>): ProjectFiles {
  const models: Readonly<Record<string, string>> = {
    a: table('select 1 as n'),
    b: table('select n from {{ref "a"}}'),
    c: table('select n from {{ref "b"}}'),
    z: table('select 1 as n'),
    ...files,
  };
  return Object.fromEntries(Object.entries(models).map(([name, sql]) => [`models/${name}.sql`, sql]));
}

function table(sql: string): string {
  return `{{config materialized="table"}}\n${sql}`;
}

function statuses({ nodes }: RunResult): Record<string, string> {
  const sorted = nodes.toSorted((a, b) => (a.node < b.node ? -1 : 1));
  return Object.fromEntries(sorted.map(({ node, status }) => [node.replace('model.', ''), status]));
}
