import { GccflowError } from '../foundation/error.ts';
import { locate } from '../foundation/location.ts';
import { quoteText } from '../foundation/quote.ts';
import type { Manifest, ModelNode, SeedNode, SourceNode } from '../manifest/manifest.ts';
import { renderMapped } from '../manifest/render-sql.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import type { ModelConfig } from '../project/model-config.ts';
import type { Project } from '../project/project.ts';
import type { CheckEngine, EngineAnswer } from './check-engine.ts';
import type { TypedColumn } from './checked-graph.ts';
import { placeOfConfig } from './config-place.ts';
import { typedColumns } from './declared-columns.ts';
import { explainFault } from './explain-fault.ts';
import { describeForm, expandedAt, explainSql, planForm } from './explain-sql.ts';
import { errorFinding, type Fault, lostFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { type Asked, offlineSql } from './offline-sql.ts';
import { createStub, createView, describedColumns, describeSelect } from './relation-statements.ts';
import type { ModelStep, RenderedModel } from './render-model.ts';
import { placesOfColumn, selectItems } from './select-items.ts';

/** What is needed to say where a fault stands. */
export interface FaultContext {
  readonly manifest: Manifest;
  readonly engine: CheckEngine;
  readonly project: Project;
}

type RelationNode = SourceNode | SeedNode | ModelNode;

/** What is wrong with a model's SQL, and its columns where they are known all the same: the engine then holds it as an empty table. */
export async function explainModel(
  model: RenderedModel,
  answers: readonly EngineAnswer[],
  context: FaultContext,
): Promise<{ readonly findings: readonly Finding[]; readonly columns: readonly TypedColumn[] | null }> {
  const [created, ...others] = answers;
  if (created?.kind === 'rows') return { findings: await explainSteps(model, others, context), columns: null };
  const { findings, columns } = created ? await explainCreate(model, created, context) : { findings: [], columns: null };
  if (!columns) return { findings, columns }; // the rest fails for the same reason
  const again = await context.engine.run(model.statements.slice(1)); // the table is there only now
  return { findings: [...findings, ...(await explainSteps(model, again, context))], columns };
}

/** What is wrong with the steps behind the first. */
async function explainSteps(model: RenderedModel, answers: readonly EngineAnswer[], context: FaultContext): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [index, answer] of answers.entries()) {
    const step = model.steps[index + 1];
    if (step && answer.kind !== 'rows') findings.push(...(await explain(model, step, answer, context)));
  }
  return findings;
}

/** A SELECT that can be described may still be refused for the names of its columns, or only by the engine of its own table. */
async function explainCreate(model: RenderedModel, created: Fault, context: FaultContext): ReturnType<typeof explainModel> {
  const { node, sql, isDescribed, asTable } = model;
  const settings = node.config.query_settings;
  const setting = created.kind === 'fault' ? await settingFinding(model, context) : null;
  if (setting) return { findings: [setting], columns: null };
  if (created.kind === 'lost') return { findings: [lostFinding(node, created)], columns: null };
  if (isDescribed) return { findings: await explain(model, 'create', created, context), columns: null };
  const [described] = await context.engine.run([{ sql: describeSelect(sql), settings }]);
  if (described && described.kind !== 'rows') return { findings: await explain(model, 'create', described, context), columns: null };
  const columns = described ? describedColumns(described) : [];
  const twice = duplicateFinding(model, columns, context);
  if (twice) return { findings: [twice], columns: null };
  const bare = node.config.materialized === 'view' ? createView(node.relation, sql) : createStub(node.relation, columns, asTable);
  const [made] = await context.engine.run([{ sql: bare, keep: bare, settings }]);
  const isSetting = created.fault.type === 'UNKNOWN_SETTING'; // which a description of the SELECT passes over
  if (!made || made.kind === 'rows') return { findings: isSetting ? await explain(model, 'create', created, context) : [], columns };
  const typed = made.kind === 'fault' ? columnFinding(model, columns, made, context) : null;
  return { findings: typed ? [typed] : await explain(model, 'create', made, context), columns: null };
}

function explain(model: RenderedModel, step: ModelStep, fault: Fault, { manifest, engine }: FaultContext): Promise<readonly Finding[]> {
  const { node } = model;
  const rendered = renderMapped(manifest, node, { incremental: step === 'describe incremental' });
  const mapped = { ...rendered, text: offlineSql(rendered.text).sql };
  const form = step === 'plan' ? planForm : describeForm;
  return explainSql({ node, mapped, settings: node.config.query_settings, form }, fault, engine);
}

/** A setting that the config gives the statements of a model, where ClickHouse refuses it by itself. */
async function settingFinding({ node }: RenderedModel, { engine, project }: FaultContext): Promise<Finding | null> {
  const settings = Object.entries(node.config.query_settings);
  if (settings.length === 0) return null;
  const answers = await engine.run(settings.map(([name, value]) => ({ sql: 'select 1', settings: { [name]: value } })));
  const index = answers.findIndex(({ kind }) => kind === 'fault');
  const answer = answers[index];
  if (answer?.kind !== 'fault') return null;
  const { code, sentence, hint } = explainFault(answer.fault, answer.said);
  const at = placeOfConfig(project, node, 'query_settings');
  const message = `${subjectOf(node)}, in the setting '${settings[index]?.[0]}' of its config: ${sentence}`;
  return errorFinding(node, new GccflowError(code, message, { at, hint, cause: answer.fault }));
}

/** A column of a type that no table can have, such as that of a bare NULL. */
export function columnFinding(
  { node, sql }: Pick<RenderedModel, 'node' | 'sql'>,
  columns: readonly TypedColumn[],
  { fault, said }: Fault & { readonly kind: 'fault' },
  { manifest }: FaultContext,
): Finding | null {
  const index = columns.findIndex(({ name, type }) => said.includes(`'${name}'`) || said.includes(`\`${name}\``) || said.includes(type));
  const column = columns[index];
  if (!column) return null;
  const mapped = renderMapped(manifest, node, { incremental: false });
  const offset = placesOfColumn(sql, column.name, index)[0] ?? 0;
  const message = `${subjectOf(node)} returns '${column.name}' as ${column.type}: ${explainFault(fault, said).sentence}`;
  const hint = 'Cast it to a type that a table can hold.';
  const error = new GccflowError('CHECK_TYPE', message, { at: mapped.sourceOf(offset).at, hint, cause: fault });
  return { ...errorFinding(node, error), ...expandedAt(mapped, offset) };
}

/** Two columns of one name, at the second. */
function duplicateFinding({ node, sql }: RenderedModel, columns: readonly TypedColumn[], { manifest }: FaultContext): Finding | null {
  const index = columns.findIndex(({ name }, at) => columns.some((other, before) => before < at && other.name === name));
  const name = columns[index]?.name;
  if (name === undefined) return null;
  const mapped = renderMapped(manifest, node, { incremental: false });
  const items = selectItems(sql)[0] ?? [];
  const item = items.findLast((candidate) => candidate.name === name) ?? items.findLast(({ isStar }) => isStar);
  const offset = item?.start ?? 0;
  const message = `${subjectOf(node)} returns two columns named '${name}'.`;
  const hint = 'Leave one out, or give it another name.';
  return {
    ...errorFinding(node, new GccflowError('CHECK_SQL', message, { at: mapped.sourceOf(offset).at, hint })),
    ...expandedAt(mapped, offset),
  };
}

/** What may follow the type of a column in CREATE TABLE. */
const clausesOfColumn = /\s+(?:default|materialized|alias|ephemeral|codec|comment|ttl)\b[\s\S]*$/i;

/** Which of the declared columns ClickHouse does not take; the whole of them where each by itself is taken. */
export async function explainColumns(
  node: RelationNode,
  columns: readonly TypedColumn[],
  refused: Fault,
  { engine }: FaultContext,
): Promise<readonly Finding[]> {
  if (refused.kind === 'lost') return [lostFinding(node, refused)];
  if (node.kind === 'source' && !typedColumns(node.columns)) return []; // of a sink, which tells it itself
  const bare = columns.map(({ type }) => type.replace(clausesOfColumn, ''));
  const answers = await engine.run(bare.map((type) => ({ sql: `select defaultValueOfTypeName(${quoteText(type, 'clickhouse')})` })));
  const wrong = columns.flatMap(({ name, type }, index) => {
    const answer = answers[index];
    if (answer?.kind !== 'fault') return [];
    const declared = node.columns.find((column) => column.name === name);
    const at = declared ? locate(node.file, declared.at) : node.at;
    const { code, sentence, hint } = explainFault(answer.fault, answer.said);
    const why = code === 'CHECK_NAME_UNKNOWN' ? '.' : `: ${sentence}`;
    const message = `${subjectOf(node)} declares the column '${name}' of the type '${type}', which ClickHouse does not have${why}`;
    return [errorFinding(node, new GccflowError(code, message, { at, hint, cause: answer.fault }))];
  });
  if (wrong.length > 0) return wrong;
  const twice = node.columns.findLast(({ name }, index) => node.columns.some((other, before) => before < index && other.name === name));
  if (twice) {
    const message = `${subjectOf(node)} declares two columns named '${twice.name}'.`;
    return [errorFinding(node, new GccflowError('CHECK_SQL', message, { at: locate(node.file, twice.at), hint: 'Leave one out.' }))];
  }
  const { code, sentence, hint } = explainFault(refused.fault, refused.said);
  return [errorFinding(node, new GccflowError(code, `${subjectOf(node)}: ${sentence}`, { at: node.at, hint, cause: refused.fault }))];
}

/** A layout that ClickHouse refuses, at the config key at fault. */
export function layoutFinding(node: ModelNode, key: keyof ModelConfig, answer: Fault, project: Project): Finding {
  if (answer.kind === 'lost') return lostFinding(node, answer);
  const { sentence, hint } = explainFault(answer.fault, answer.said);
  const message = `${subjectOf(node)} cannot be laid out by its '${key}': ${sentence}`;
  const error = new GccflowError('CHECK_LAYOUT', message, { at: placeOfConfig(project, node, key), hint, cause: answer.fault });
  return errorFinding(node, error);
}

/** A model that is not checked, because its SQL asks somebody outside. */
export function unaskedFinding({ node }: RenderedModel, { kind, name, offset }: Asked, { manifest }: FaultContext): Finding {
  const mapped = renderMapped(manifest, node, { incremental: false });
  const declare = `declare the columns of '${node.name}' with their types, and what reads it is checked`;
  const [what, hint] =
    kind === 'call'
      ? [
          `${name}(…), which nobody asks while checking, and does not say its columns`,
          `Give ${name} a structure, as in 'id UInt64, name String', or ${declare}.`,
        ]
      : [`${name}, which only a server has`, `${declare.charAt(0).toUpperCase()}${declare.slice(1)}.`];
  const message = `${subjectOf(node)} is not checked: it reads ${what}.`;
  return { severity: 'warn', node: node.id, error: new GccflowError('CHECK_UNTYPED', message, { at: mapped.sourceOf(offset).at, hint }) };
}
