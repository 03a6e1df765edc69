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
import { createEmpty, describedColumns, describePrefix, describeSelect } from './relation-statements.ts';
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

/** What is wrong with a model's SQL, and its columns where they are known all the same: the engine then holds it as an empty table. */
export async function explainModel(
  model: RenderedModel,
  answers: readonly EngineAnswer[],
  context: FaultContext,
): Promise<{ readonly findings: readonly Finding[]; readonly columns: readonly TypedColumn[] | null }> {
  const [created, second] = answers;
  if (created && created.kind !== 'rows') return explainCreate(model, created, context);
  const findings = second && second.kind !== 'rows' ? await explainSelect(model, true, second, context) : [];
  return { findings, columns: null };
}

/** A SELECT that can be described may still be refused for the names of its columns, or only by the engine of its own table. */
async function explainCreate(model: RenderedModel, created: Fault, context: FaultContext): ReturnType<typeof explainModel> {
  const { node, sql, isInline } = model;
  const settings = node.config.query_settings;
  if (created.kind === 'lost') return { findings: [lostFinding(node, created)], columns: null };
  if (isInline) return { findings: await explainSelect(model, false, created, context), columns: null };
  const [described] = await context.engine.run([{ sql: describeSelect(sql), settings }]);
  if (described && described.kind !== 'rows') return { findings: await explainSelect(model, false, described, context), columns: null };
  const bare = createEmpty(node, sql, false);
  const [made] = await context.engine.run([{ sql: bare, keep: bare, settings }]);
  if (made && made.kind !== 'rows') return { findings: await explainSelect(model, false, made, context), columns: null };
  return { findings: [], columns: described ? describedColumns(described) : null };
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

/** Which of the declared columns ClickHouse does not take; the whole of them where each by itself is taken. */
export async function explainColumns(
  node: RelationNode,
  columns: readonly TypedColumn[],
  refused: Fault,
  { engine }: FaultContext,
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

/** A layout that ClickHouse refuses, at the config key at fault. */
export function layoutFinding(node: ModelNode, key: keyof ModelConfig, answer: Fault, project: Project): Finding {
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
