import { GccflowError } from '../foundation/error.ts';
import { type Location, locate } from '../foundation/location.ts';
import { quoteText } from '../foundation/quote.ts';
import type { Manifest, ModelNode, Node, SeedNode, SourceNode } from '../manifest/manifest.ts';
import { renderMapped } from '../manifest/render-sql.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import type { MappedSql } from '../manifest/source-map.ts';
import type { ModelConfig } from '../project/model-config.ts';
import type { Project } from '../project/project.ts';
import type { CheckEngine, EngineAnswer } from './check-engine.ts';
import type { TypedColumn } from './checked-graph.ts';
import { placeOfConfig } from './config-place.ts';
import { explainFault } from './explain-fault.ts';
import type { Candidate } from './fault-candidates.ts';
import type { Finding } from './finding.ts';
import { offsetBefore, placeFault, without } from './place-fault.ts';
import {
  createBare,
  createEmpty,
  describedColumns,
  describePrefix,
  describeSelect,
  dropTable,
  layoutStatements,
} from './relation-statements.ts';
import type { RenderedModel } from './render-model.ts';

/** What is needed to say where a fault stands. */
export interface FaultContext {
  readonly manifest: Manifest;
  readonly engine: CheckEngine;
  readonly project: Project;
}

type RelationNode = SourceNode | SeedNode | ModelNode;
export type Fault = Exclude<EngineAnswer, { readonly kind: 'rows' }>;

/** Mistakes looked for in one SELECT: each is taken out, and ClickHouse asked again. */
const mostFaults = 5;

/** What is wrong with a model, and its columns where they are known all the same. The engine then holds it as an empty table. */
export async function explainModel(
  model: RenderedModel,
  answers: readonly EngineAnswer[],
  context: FaultContext,
): Promise<{ readonly findings: readonly Finding[]; readonly columns: readonly TypedColumn[] | null }> {
  const [created, ...others] = answers;
  if (created && created.kind !== 'rows') return explainCreate(model, created, context);
  const layout = layoutStatements(model.node);
  const findings: Finding[] = [];
  for (const [index, answer] of others.entries()) {
    if (answer.kind === 'rows') continue;
    const key = layout[index]?.key;
    if (key) findings.push(layoutFinding(model.node, key, answer, context));
    else findings.push(...(await explainSelect(model, true, answer, context)));
  }
  return { findings, columns: null };
}

async function explainCreate(model: RenderedModel, created: Fault, context: FaultContext): ReturnType<typeof explainModel> {
  const { node, sql, isInline } = model;
  const settings = node.config.query_settings;
  if (created.kind === 'lost') return { findings: [lostFinding(node, created)], columns: null };
  if (isInline) return { findings: await explainSelect(model, false, created, context), columns: null };
  const [described] = await context.engine.run([{ sql: describeSelect(sql), settings }]);
  if (described && described.kind !== 'rows') return { findings: await explainSelect(model, false, described, context), columns: null };
  const bare = createBare(node, sql);
  const [made] = await context.engine.run([{ sql: bare, keep: bare, settings }]);
  if (made && made.kind !== 'rows') return { findings: await explainSelect(model, false, made, context), columns: null };
  const key = await guiltyKey(node, sql, created, context);
  return { findings: [layoutFinding(node, key, created, context)], columns: described ? describedColumns(described) : null };
}

/** Every mistake of a SELECT that can be told apart, each at its place. */
async function explainSelect(model: RenderedModel, incremental: boolean, first: Fault, context: FaultContext): Promise<readonly Finding[]> {
  const { node } = model;
  const mapped = renderMapped(context.manifest, node, { incremental });
  const settings = node.config.query_settings;
  const probe = (variants: readonly string[]) => context.engine.run(variants.map((sql) => ({ sql: describeSelect(sql), settings })));
  const findings: Finding[] = [];
  const taken: Candidate[] = [];
  let fault: EngineAnswer | undefined = first;
  while (fault && fault.kind !== 'rows' && findings.length < mostFaults) {
    if (fault.kind === 'lost') return [...findings, lostFinding(node, fault)];
    const { offset, candidate } = await placeFault(fault.said, without(mapped.text, taken), describePrefix, probe);
    findings.push(faultFinding(node, fault, mapped, offsetBefore(offset, taken)));
    if (!candidate) break;
    const { at, start, end } = candidate;
    taken.push({
      at: offsetBefore(at, taken),
      start: offsetBefore(start, taken),
      end: offsetBefore(end, taken),
      replacement: candidate.replacement,
    });
    [fault] = await probe([without(mapped.text, taken)]);
  }
  return findings;
}

/** The key of the layout without which the table can be created. */
async function guiltyKey(node: ModelNode, sql: string, fault: Fault, { engine }: FaultContext): Promise<keyof ModelConfig> {
  const said = fault.kind === 'fault' ? fault.said : '';
  const keys = (['settings', 'ttl', 'partition_by', 'primary_key', 'order_by', 'engine'] as const).filter((key) =>
    isStated(node.config[key]),
  );
  const less = keys.map((key) => ({ ...node.config, [key]: key === 'engine' ? 'MergeTree' : key === 'settings' ? {} : null }));
  const settings = node.config.query_settings;
  const drop = { sql: dropTable(node) };
  const tries = less.flatMap((config) => [drop, { sql: createEmpty(node, sql, config), settings }]);
  const answers = (await engine.run([...tries, drop, { sql: createBare(node, sql), settings }])).filter((_, index) => index % 2 === 1);
  const silenced = keys.find((_, index) => answers[index]?.kind === 'rows');
  const changed = keys.find((_, index) => {
    const answer = answers[index];
    return answer?.kind === 'fault' && answer.said !== said;
  });
  return silenced ?? changed ?? 'engine';
}

function isStated(value: unknown): boolean {
  return value !== null && (typeof value !== 'object' || Object.keys(value).length > 0);
}

/** Which of the declared columns ClickHouse does not take; the whole of them where each by itself is taken. */
export async function explainColumns(
  node: RelationNode,
  columns: readonly TypedColumn[],
  refused: Fault,
  engine: CheckEngine,
): Promise<readonly Finding[]> {
  if (refused.kind === 'lost') return [lostFinding(node, refused)];
  const answers = await engine.run(columns.map(({ type }) => ({ sql: `select defaultValueOfTypeName(${quoteText(type, 'clickhouse')})` })));
  const wrong = columns.flatMap(({ name, type }, index) => {
    const answer = answers[index];
    if (answer?.kind !== 'fault') return [];
    const declared = node.columns.find((column) => column.name === name);
    const at = declared ? locate(node.file, declared.at) : node.at;
    const { code, hint } = explainFault(answer.fault, answer.said);
    const message = `${subjectOf(node)} declares the column '${name}' of the type '${type}', which ClickHouse does not have.`;
    return [errorFinding(node, new GccflowError(code, message, { at, hint, cause: answer.fault }))];
  });
  if (wrong.length > 0) return wrong;
  const { code, sentence, hint } = explainFault(refused.fault, refused.said);
  return [errorFinding(node, new GccflowError(code, `${subjectOf(node)}: ${sentence}`, { at: node.at, hint, cause: refused.fault }))];
}

/** Whatever was thrown about a node, as a finding; what is a bug is thrown on. */
export function thrownFinding(node: Node, thrown: unknown): Finding {
  if (!(thrown instanceof GccflowError)) throw thrown;
  const at: Location = thrown.at ?? node.at;
  return {
    severity: 'error',
    node: node.id,
    error: new GccflowError(thrown.code, thrown.message, { at, hint: thrown.hint, cause: thrown.cause }),
  };
}

function faultFinding(node: Node, { fault, said }: Fault & { readonly kind: 'fault' }, mapped: MappedSql, offset: number): Finding {
  const { at, exact } = mapped.sourceOf(offset);
  const { code, sentence, hint } = explainFault(fault, said);
  const error = new GccflowError(code, `${subjectOf(node)}: ${sentence}`, { at, hint, cause: fault });
  return { severity: 'error', node: node.id, error, ...(!exact && { expanded: lineAt(mapped.text, offset) }) };
}

function layoutFinding(node: ModelNode, key: keyof ModelConfig, answer: Fault, { project }: FaultContext): Finding {
  if (answer.kind === 'lost') return lostFinding(node, answer);
  const { sentence, hint } = explainFault(answer.fault, answer.said);
  const message = `${subjectOf(node)} cannot be laid out by its '${key}': ${sentence}`;
  const error = new GccflowError('CHECK_LAYOUT', message, { at: placeOfConfig(project, node, key), hint, cause: answer.fault });
  return errorFinding(node, error);
}

function lostFinding(node: Node, { why }: Fault & { readonly kind: 'lost' }): Finding {
  const what = why === 'crashed' ? 'ended the engine' : 'was not analysed in time';
  const message = `${subjectOf(node)} could not be checked: its SQL ${what}.`;
  const hint = 'Take its parts out one after another to find the one that does it; the other nodes were checked.';
  return errorFinding(node, new GccflowError('CHECK_SQL', message, { at: node.at, hint }));
}

function errorFinding(node: Node, error: GccflowError): Finding {
  return { severity: 'error', node: node.id, error };
}

function lineAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  return text.slice(start, end < 0 ? undefined : end).trim();
}
