import type { Warehouse } from '../../connections/warehouse.ts';
import { Diagnostics } from '../../foundation/diagnostics.ts';
import { GccflowError } from '../../foundation/error.ts';
import { quoteName } from '../../foundation/quote.ts';
import type { Manifest, ModelNode, UnitTestNode } from '../../manifest/manifest.ts';
import { renderSql } from '../../manifest/render-sql.ts';
import { placesOf } from '../../project/locate-value.ts';
import { parseYaml } from '../../project/parse-yaml.ts';
import type { CheckEngine } from '../check-engine.ts';
import { describedColumns } from './described.ts';
import { freezeNow } from './freeze-now.ts';
import { createInputs } from './inputs.ts';
import { jsonSettings, type LiveRows, readLiveRows } from './live-rows.ts';
import { redirectDictionaries } from './redirect-dictionaries.ts';
import { reasonOf } from './rows-fault.ts';
import { formatUnitTest } from './write-yaml.ts';

export interface CreateUnitTest {
  readonly manifest: Manifest;
  readonly warehouse: Pick<Warehouse, 'query'>;
  readonly engine: CheckEngine;
  readonly name: string;
  /** Rows of the first input. */
  readonly count: number;
  readonly now: Date;
}

/** A unit test in YAML: live rows of what a model reads, and what the model makes of them. Throws WAREHOUSE_QUERY. */
export async function createUnitTest(model: ModelNode, { manifest, warehouse, engine, name, count, now }: CreateUnitTest): Promise<string> {
  const live = await readLiveRows(model, { manifest, warehouse, count });
  const sql = renderSql(manifest, model, { incremental: false });
  const instant = `${now.toISOString().slice(0, 19)}Z`;
  const asksTime = freezeNow(sql, instant) !== sql;
  const test = { name, model: model.name, now: asksTime ? instant : null, given: live, expect: null };
  const node = nodeOf(test, model, live);
  const prepareSql = (text: string): string => (asksTime ? freezeNow(text, instant) : text);
  const columns = new Map(live.map((rows) => [rows.node.id as string, rows.columns]));
  const inputs = await createInputs(node, model, {
    manifest,
    engine,
    prefix: 'unit_created',
    width: 120,
    places: placesOf(manifest.projectDir, model.file),
    columnsOf: (id) => columns.get(id) ?? null,
    prepareSql,
  });
  const [mistake] = inputs.mistakes;
  if (mistake) throw mistake;
  const { relationOf } = inputs;
  const tested = prepareSql(redirectDictionaries(renderSql(manifest, model, { incremental: false, relationOf }), manifest, relationOf));
  const expect = await evaluate(tested, model, inputs.engineFor(tested));
  return formatUnitTest({ ...test, expect });
}

async function evaluate(sql: string, model: ModelNode, engine: Pick<CheckEngine, 'run'>): Promise<Pick<LiveRows, 'names' | 'rows'>> {
  const failed = (reason: string): GccflowError =>
    new GccflowError('WAREHOUSE_QUERY', `The SQL of '${model.name}' fails on the rows that were read: ${reason}.`, { at: model.at });
  const settings = { ...jsonSettings, session_timezone: 'UTC', max_threads: 1, ...model.config.query_settings };
  const [described] = await engine.run([{ sql: `describe (\n${sql}\n)`, settings }]);
  if (described?.kind !== 'rows') throw failed(reasonOf(described));
  const names = describedColumns(described.rows).map((column) => column.name);
  const texts = names.map((name) => `toJSONString(${quoteName(name, 'clickhouse')})`).join(', ');
  const [answer] = await engine.run([{ sql: `select ${texts} from (\n${sql}\n)`, settings }]);
  if (answer?.kind !== 'rows') throw failed(reasonOf(answer));
  return { names, rows: answer.rows.map((row) => row.map(String)) };
}

/** The test as a node, with its rows as they would be read from the file. */
function nodeOf(test: Parameters<typeof formatUnitTest>[0], model: ModelNode, live: readonly LiveRows[]): UnitTestNode {
  const document = parseYaml(`unit_tests:\n${formatUnitTest(test)}`, model.file, new Diagnostics());
  if (!document) throw new Error('A unit test was written that is no YAML.');
  document.keepDigits('rows');
  const { unit_tests: [entry] = [] } = document.value as { unit_tests: { given: { rows: Record<string, unknown>[] }[] }[] };
  return {
    ...model,
    kind: 'unit_test',
    id: `unit_test.${model.name}.${test.name}`,
    name: test.name,
    subject: { kind: 'model', id: model.id },
    inputs: live.map(({ node }, index) => ({
      node: node.id,
      input: node.name,
      at: model.at,
      rows: { format: 'dict', rows: entry?.given[index]?.rows ?? [], path: [], at: model.at },
    })),
    expect: { rows: null, ordered: false, ctes: [], sql: null },
    overrides: { vars: {}, macros: {}, env: {}, incremental: false, now: test.now },
    config: { enabled: true, tags: [], meta: {} },
  };
}
