import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import type { Manifest, ModelNode, NodeId, SourceNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import { freshnessSql } from '../run/freshness-query.ts';
import type { CheckEngine, EngineAnswer } from './check-engine.ts';
import type { GraphInEngine } from './checked-graph.ts';
import { explainFault } from './explain-fault.ts';
import { errorFinding, lostFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { describedColumns, describeSelect } from './relation-statements.ts';
import { placeOfText } from './text-place.ts';

/** SQL of a YAML file that is no test. */
interface Expression {
  readonly node: ModelNode | SourceNode;
  /** As in "the check of its contract". */
  readonly what: string;
  readonly sql: string;
  readonly at: Location;
}

/** What ClickHouse refuses of the checks of enforced contracts, and of what says when a source was loaded. */
export async function checkExpressions(
  manifest: Manifest,
  graph: GraphInEngine,
  engine: CheckEngine,
  only: ReadonlySet<NodeId> | null,
): Promise<readonly Finding[]> {
  const expressions = [...manifest.nodes.values()].flatMap((node) => {
    if (!graph.relations.has(node.id) || (only !== null && !only.has(node.id))) return [];
    if (node.kind === 'model') return checksOf(node, manifest.projectDir);
    return node.kind === 'source' ? freshnessOf(node, manifest.projectDir) : [];
  });
  if (expressions.length === 0) return [];
  await graph.ensureTables(expressions.map(({ node }) => node.id));
  const answers = await engine.run(expressions.map(({ sql }) => ({ sql: describeSelect(sql) })));
  return expressions.flatMap((expression, index) => mistakeOf(expression, answers[index]));
}

function checksOf(node: ModelNode, projectDir: string): readonly Expression[] {
  if (!node.config.contract.enforced || node.config.materialized === 'ephemeral') return [];
  const constraints = [...node.columns.flatMap((column) => column.constraints), ...node.constraints];
  const from = { file: node.propertiesFile ?? node.file, line: Math.min(...node.columns.map(({ at }) => at.line)), column: 1 };
  return constraints.flatMap((constraint) => {
    if (constraint.type !== 'check') return [];
    const { expression } = constraint;
    const at = placeOfText('expression', expression, from, projectDir);
    return [{ node, what: 'a check of its contract', sql: `select (${expression}) from ${relationSql(node.relation)}`, at }];
  });
}

function freshnessOf(node: SourceNode, projectDir: string): readonly Expression[] {
  const { freshness, loadedAt, loadedAtQuery } = node;
  const key = loadedAtQuery === null ? 'loaded_at' : 'loaded_at_query';
  const text = loadedAtQuery ?? loadedAt;
  if (freshness === null || text === null) return [];
  const at = placeOfText(key, text, node.at, projectDir);
  const { filter } = freshness;
  const own: Expression = { node, what: `its '${key}'`, sql: freshnessSql({ ...node, freshness: { ...freshness, filter: null } }), at };
  if (filter === null) return [own];
  const filterAt = placeOfText('filter', filter, node.at, projectDir);
  return [own, { node, what: "its 'filter'", sql: `select 1 from ${relationSql(node.relation)} where (\n${filter}\n)`, at: filterAt }];
}

function mistakeOf({ node, what, at }: Expression, answer: EngineAnswer | undefined): readonly Finding[] {
  if (!answer || answer.kind === 'lost') return answer ? [lostFinding(node, answer)] : [];
  if (answer.kind === 'fault') {
    const { code, sentence, hint } = explainFault(answer.fault, answer.said);
    return [errorFinding(node, new GccflowError(code, `${subjectOf(node)}, in ${what}: ${sentence}`, { at, hint, cause: answer.fault }))];
  }
  const loaded = describedColumns(answer).find(({ name }) => name === 'loaded_at')?.type;
  if (node.kind === 'model' || loaded === undefined || /Date|Nothing/.test(loaded)) return []; // nothing is known of a column with a mistake
  const message = `${subjectOf(node)}: ${what} gives ${loaded}, which is no date or time.`;
  return [errorFinding(node, new GccflowError('CHECK_TYPE', message, { at, hint: 'Convert it, as by parseDateTimeBestEffort(…).' }))];
}
