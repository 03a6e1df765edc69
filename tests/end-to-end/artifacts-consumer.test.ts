import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  ChildrenParentParser,
  type DBTConfiguration,
  DBTProjectIntegrationAdapter,
  type DBTTerminal,
  type DbtIntegrationClient,
  DocParser,
  ExposureParser,
  FunctionParser,
  GraphParser,
  MacroParser,
  MetricParser,
  ModelDepthParser,
  NodeParser,
  SourceParser,
  TestParser,
} from '@altimateai/dbt-integration';
import { projectFolder, runCli } from '../support/cli.ts';
import { everyKind } from '../support/every-kind.ts';

/** dbt Power User's reader of a project's `target/`, without a dbt to call; `complaints` is what it logs as a warning or error. */
function openReader(dir: string) {
  const complaints: string[] = [];
  const complain = (name: string, message: string): void => void complaints.push(`${name}: ${message}`);
  const silent = (): void => {};
  const terminal: DBTTerminal = {
    show: async () => {},
    log: silent,
    trace: silent,
    debug: silent,
    info: silent,
    warn: complain,
    error: complain,
    dispose: silent,
  };
  const configuration = { getDbtIntegration: () => 'core', getDisableDepthsCalculation: () => true } as unknown as DBTConfiguration;
  const dbt = () =>
    ({
      getProjectName: () => 'shop',
      getTargetPath: () => join(dir, 'target'),
      getPackageInstallPath: () => join(dir, 'dbt_packages'),
    }) as unknown as ReturnType<ConstructorParameters<typeof DBTProjectIntegrationAdapter>[2]>;
  const adapter = new DBTProjectIntegrationAdapter(
    configuration,
    {} as ConstructorParameters<typeof DBTProjectIntegrationAdapter>[1],
    dbt,
    dbt,
    dbt,
    dbt,
    dir,
    undefined,
    new ChildrenParentParser(),
    new NodeParser(terminal),
    new MacroParser(terminal),
    new MetricParser(terminal),
    new GraphParser(terminal),
    new SourceParser(terminal),
    new TestParser(terminal),
    new ExposureParser(terminal),
    new FunctionParser(terminal),
    new DocParser(terminal),
    terminal,
    new ModelDepthParser(terminal, {} as DbtIntegrationClient, configuration),
  );
  return { read: () => adapter.parseManifest(), complaints };
}

test('dbt Power User reads the graph, columns, tests and exposures from our manifest.json', async (context) => {
  using project = projectFolder({ ...everyKind, 'dbt_loom.config.yml': 'manifests: []\n' });
  await runCli(['docs', 'generate'], { cwd: project.dir });
  const logged = context.mock.method(console, 'error', () => {});
  const noted = context.mock.method(console, 'log', () => {});
  const reader = openReader(project.dir);

  const parsed = await reader.read();

  assert.ok(parsed);
  assert.deepEqual([reader.complaints, logged.mock.calls.map(String), noted.mock.calls.map(String)], [[], [], []]);
  assert.deepEqual(
    [...parsed.nodeMetaMap.nodes()].map(({ unique_id, alias, config }) => [unique_id, alias, config.materialized]).toSorted(),
    [
      ['model.shop.orders', 'orders', 'incremental'],
      ['model.shop.places', 'places', 'ephemeral'],
      ['model.shop.plain', 'plain', 'view'],
      ['model.shop.sales', 'sold', 'table'],
      ['seed.shop.countries', 'countries', 'seed'],
    ],
  );
  const sales = parsed.nodeMetaMap.lookupByUniqueId('model.shop.sales');
  assert.deepEqual([sales?.path, sales?.columns.id?.data_type], [join(project.dir, 'models/marts/sales.sql'), 'UInt64']);
  const namesOf = (graph: ReadonlyMap<string, { readonly nodes: readonly { readonly key: string }[] }>, id: string) =>
    graph
      .get(id)
      ?.nodes.map(({ key }) => key)
      .toSorted();
  const { parents, children, tests } = parsed.graphMetaMap;
  assert.deepEqual(namesOf(parents, 'model.shop.orders'), ['source.shop.raw.orders']);
  assert.deepEqual(namesOf(children, 'model.shop.sales'), ['exposure.shop.board', 'exposure.shop.sync.publish']);
  assert.ok((namesOf(tests, 'model.shop.sales') ?? []).some((id) => id.startsWith('test.shop.not_null_sales_id.')));
  assert.deepEqual(
    parsed.sourceMetaMap.get('raw')?.tables.map(({ name }) => name),
    ['orders', 'queried', 'plain'],
  );
  assert.deepEqual([...parsed.exposureMetaMap.keys()].includes('board'), true);
});
