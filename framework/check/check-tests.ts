import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteText } from '../foundation/quote.ts';
import type { Manifest, ModelNode, NodeId, SeedNode, SourceNode, TestNode } from '../manifest/manifest.ts';
import { renderSql } from '../manifest/render-sql.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import type { Project } from '../project/project.ts';
import { type CheckCache, keyOf } from './check-cache.ts';
import type { CheckEngine, EngineAnswer } from './check-engine.ts';
import type { GraphInEngine, TypedColumn } from './checked-graph.ts';
import { placeOfColumn } from './column-place.ts';
import { planForm } from './explain-sql.ts';
import { explainComparison, explainLimit, explainTest, limitStatements } from './explain-test.ts';
import { errorFinding, thrownFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { dictionaryKeys } from './late-faults/dictionary-keys.ts';
import { lateFaults } from './late-faults/late-faults.ts';

/** What the tests of a graph are checked with. */
export interface TestCheck {
  readonly manifest: Manifest;
  readonly project: Project;
  readonly engine: CheckEngine;
  readonly graph: GraphInEngine;
  readonly cache: CheckCache;
  /** Nodes that are asked about; all where null. */
  readonly only: ReadonlySet<NodeId> | null;
}

type Declaring = SourceNode | SeedNode | ModelNode;

/** What is wrong with declared columns and with tests: columns that are not there, and SQL that ClickHouse refuses. */
export async function checkTests(check: TestCheck): Promise<readonly Finding[]> {
  const asked = [...check.manifest.nodes.values()].filter(({ id }) => check.only === null || check.only.has(id));
  const tests = asked.filter((node) => node.kind === 'test');
  const absent = asked.flatMap((node) => (node.kind === 'model' ? absentColumns(node, check) : []));
  const columnless = tests.flatMap((test) => columnFinding(test, check));
  const reported = new Set(columnless.map(({ node }) => node));
  return [
    ...absent,
    ...distinct(columnless),
    ...(await checkSql(
      tests.filter(({ id }) => !reported.has(id)),
      check,
    )),
  ];
}

/** Columns that a model's file declares and its SELECT does not return; a contract says so itself. */
function absentColumns(node: ModelNode, { graph, project, manifest }: TestCheck): readonly Finding[] {
  const relation = graph.relations.get(node.id);
  if (relation?.from !== 'checked' || node.config.contract.enforced) return [];
  const names = relation.columns.map(({ name }) => name);
  const tested = new Set((manifest.children.get(node.id) ?? []).flatMap((id) => columnOf(manifest, id, node.id)));
  return node.columns.flatMap(({ name }) => {
    if (names.includes(name) || tested.has(name)) return [];
    const message = `${subjectOf(node)} declares the column '${name}', which its SELECT does not return.`;
    const hint = didYouMean(name, names) ?? 'Take it out of the properties, or return it.';
    const error = new GccflowError('CHECK_NAME_UNKNOWN', message, { at: placeOfColumn(node, name, project), hint });
    return [{ severity: 'warn' as const, node: node.id, error }];
  });
}

function columnOf({ nodes }: Manifest, id: NodeId, tested: NodeId): readonly string[] {
  const node = nodes.get(id);
  return node?.kind === 'test' && node.attachedTo === tested && node.column !== null ? [node.column] : [];
}

/** A test of a column that its relation does not have. */
function columnFinding(test: TestNode, { manifest, graph, project }: TestCheck): readonly Finding[] {
  const node = test.attachedTo === null ? undefined : manifest.nodes.get(test.attachedTo);
  const relation = node && graph.relations.get(node.id);
  if (!relation || !isDeclaring(node) || test.column === null) return [];
  const names = relation.columns.map(({ name }) => name);
  if (names.includes(test.column)) return [];
  const message = `${subjectOf(node)} has tests of the column '${test.column}', which is not there.`;
  const hint = didYouMean(test.column, names) ?? `It has ${names.join(', ')}.`;
  return [
    errorFinding(test, new GccflowError('CHECK_NAME_UNKNOWN', message, { at: placeOfColumn(node, test.column, project, test.at), hint })),
  ];
}

function isDeclaring(node: { readonly kind: string } | undefined): node is Declaring {
  return node?.kind === 'model' || node?.kind === 'seed' || node?.kind === 'source';
}

async function checkSql(tests: readonly TestNode[], check: TestCheck): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const asked: { readonly test: TestNode; readonly sql: string; readonly key: string }[] = [];
  for (const test of tests) {
    const parents = check.manifest.parents.get(test.id) ?? [];
    if (parents.some((id) => !check.graph.relations.has(id))) continue;
    try {
      const sql = renderSql(check.manifest, test, { incremental: false });
      const key = keyOf([sql, test.arguments, test.config, parents.map((id) => check.graph.relations.get(id)?.columns)]);
      if (check.cache.find(test.id, key)) check.cache.keep(test.id, key, []);
      else asked.push({ test, sql, key });
    } catch (thrown) {
      findings.push(thrownFinding(test, thrown));
    }
  }
  if (asked.length === 0) return findings;
  await check.graph.ensureTables(asked.flatMap(({ test }) => check.manifest.parents.get(test.id) ?? []));
  const { before, after } = planForm;
  const statements = asked.map(({ test, sql }) => [`${before}${sql}${after}`, ...comparison(test, check), ...limitStatements(test, sql)]);
  const answers = await check.engine.run(statements.flat().map((sql) => ({ sql })));
  let from = 0;
  for (const [index, { test, sql, key }] of asked.entries()) {
    const count = statements[index]?.length ?? 0;
    const found = await mistakesOf(test, sql, answers.slice(from, from + count), check);
    from += count;
    if (found.length === 0) check.cache.keep(test.id, key, []);
    findings.push(...found);
  }
  return distinct(findings);
}

async function mistakesOf(
  test: TestNode,
  sql: string,
  [described, ...more]: readonly EngineAnswer[],
  check: TestCheck,
): Promise<readonly Finding[]> {
  if (described && described.kind !== 'rows') return explainTest(test, sql, described, check);
  const { manifest, engine, graph } = check;
  const keyTypes = dictionaryKeys(manifest, graph.relations);
  const isOwn = test.testType === 'singular';
  const late = isOwn ? await lateFaults({ node: test, sql, incrementalSql: null }, { manifest, engine, keyTypes, columns: [] }) : [];
  const compared = comparison(test, check).length;
  const limits = more.flatMap((answer, nth) => {
    if (answer.kind === 'rows') return [];
    return nth < compared ? [explainComparison(test, answer, check.manifest)] : [explainLimit(test, nth - compared, answer, check)];
  });
  return [...late, ...limits];
}

/** Of a relationship: whether a value of the one relation can equal one of the other: `in` converts without a word, and never matches. */
function comparison({ testName, column, arguments: args, attachedTo, references }: TestNode, { graph }: TestCheck): readonly string[] {
  const child = typeOf(column, attachedTo && graph.relations.get(attachedTo)?.columns);
  const parent = typeOf(args.field, references.to && graph.relations.get(references.to)?.columns);
  if (testName !== 'relationships' || child === null || parent === null) return [];
  const value = (type: string): string => `materialize(defaultValueOfTypeName(${quoteText(type, 'clickhouse')}))`;
  return [`select ${value(child)} = ${value(parent)}`];
}

function typeOf(column: unknown, columns: readonly TypedColumn[] | null | undefined | ''): string | null {
  return (columns || []).find(({ name }) => name === column)?.type ?? null;
}

/** Several tests of one absent column, or with one text that is wrong, say one thing. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  const byPlace = new Map(findings.map((finding) => [JSON.stringify(finding.error.at), finding]));
  return [...byPlace.values()];
}
