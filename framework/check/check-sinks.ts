import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteText } from '../foundation/quote.ts';
import type { Manifest, NodeId, SinkNode, SourceNode } from '../manifest/manifest.ts';
import { placesOf } from '../project/locate-value.ts';
import { addressTemplate, bodyTemplate } from '../sink/request-template.ts';
import type { CheckEngine, EngineAnswer } from './check-engine.ts';
import type { CheckedGraph } from './checked-graph.ts';
import { dialectOf } from './column-takes.ts';
import { columnsOfTable } from './declared-columns.ts';
import { explainFault } from './explain-fault.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { givenValueMistake, withoutNotNull } from './given-values.ts';
import { typeMistake } from './sync-types.ts';

/**
 * Columns of sinks whose types their destination does not have, whose defaults and fixed values those types do not take, or that do not fit the
 * table they fill as its source declares it; and columns that such a source declares and no sink gives the table it creates.
 */
export async function checkSinks(
  manifest: Manifest,
  { relations }: CheckedGraph,
  engine: CheckEngine,
  only: ReadonlySet<NodeId> | null,
): Promise<readonly Finding[]> {
  const sinks = [...manifest.nodes.values()].filter((node) => node.kind === 'sink');
  const sources = [...manifest.nodes.values()].filter((node) => node.kind === 'source');
  const asked = sinks.filter(({ id }) => only === null || only.has(id));
  const types = await TypeNames.ask([...sinks.flatMap(typesOfSink), ...sources.flatMap(typesOfSource)], engine);
  const filled = sources.map((source) => ({ source, sinks: sinks.filter((sink) => fills(sink, source)) }));
  return [
    ...asked.flatMap((sink) => {
      const source = filled.find(({ sinks: fillers }) => fillers.includes(sink))?.source;
      return Object.keys(sink.sink.columns).flatMap((name) => ofColumn(name, sink, source, { manifest, relations, types }));
    }),
    ...asked.flatMap((sink) => [...unknownFields(sink, manifest), ...sharedTable(sink, sinks, manifest, types)]),
    ...filled.flatMap(({ source, sinks: fillers }) => (only === null || only.has(source.id) ? unfilled(source, fillers) : [])),
  ];
}

/** Types as ClickHouse spells them. */
class TypeNames {
  readonly #answers: ReadonlyMap<string, EngineAnswer | undefined>;

  private constructor(answers: ReadonlyMap<string, EngineAnswer | undefined>) {
    this.#answers = answers;
  }

  static async ask(types: readonly string[], engine: CheckEngine): Promise<TypeNames> {
    const distinct = [...new Set(types)];
    const answers = await engine.run(
      distinct.map((type) => ({ sql: `select toTypeName(defaultValueOfTypeName(${quoteText(type, 'clickhouse')}))` })),
    );
    return new TypeNames(new Map(distinct.map((type, index) => [type, answers[index]])));
  }

  nameOf(type: string): string {
    const answer = this.#answers.get(type);
    return answer?.kind === 'rows' ? String(answer.rows[0]?.[0] ?? type) : type;
  }

  /** What ClickHouse has against a type. */
  faultOf(type: string): (EngineAnswer & { readonly kind: 'fault' }) | null {
    const answer = this.#answers.get(type);
    return answer?.kind === 'fault' ? answer : null;
  }
}

interface Context {
  readonly manifest: Manifest;
  readonly relations: CheckedGraph['relations'];
  readonly types: TypeNames;
}

function typesOfSink({ sink }: SinkNode): readonly string[] {
  return 'postgres' in sink.to ? [] : Object.values(sink.columns).map(({ type }) => type);
}

function typesOfSource({ columns }: SourceNode): readonly string[] {
  const isWhole = columns.every(({ type }) => type !== null); // the graph knows those
  return isWhole ? [] : columns.flatMap(({ type }) => (type === null ? [] : [plainType(type)]));
}

/** The type without what a table says of the column besides. */
function plainType(type: string): string {
  return type.replace(/\s+(?:default|materialized|alias|ephemeral|codec|ttl|comment)\b.*$/is, '');
}

function fills({ table, sink }: SinkNode, { relation }: SourceNode): boolean {
  return table?.database === relation.database && table.name === relation.name && Object.keys(sink.columns).length > 0;
}

function ofColumn(
  name: string,
  node: SinkNode,
  source: SourceNode | undefined,
  { manifest, relations, types }: Context,
): readonly Finding[] {
  const column = node.sink.columns[name];
  if (!column) return [];
  const refuse = (message: string, hint: string | undefined, key?: string): Finding[] => {
    const at = placesOf(manifest.projectDir, node.file).at(key === undefined ? ['columns', name] : ['columns', name, key]);
    return [errorFinding(node, new GccflowError('SINK_TABLE', `The sink '${node.name}' ${message}.`, { at, hint }))];
  };
  const { type } = column;
  const dialect = dialectOf(node.sink.to);
  const gives = `gives the column '${name}' the type '${type}'`;
  const fault = types.faultOf(type);
  if (dialect !== 'postgres' && fault) {
    const { hint } = explainFault(fault.fault, fault.said);
    if (dialect === 'clickhouse') return refuse(`${gives}, which ClickHouse does not have`, hint, 'type');
    const unread = refuse(`${gives}, which ClickHouse does not have: its values are sent as they come`, hint, 'type');
    return unread.map((finding) => ({ ...finding, severity: 'warn' }));
  }
  const mistake = dialect === 'postgres' ? typeMistake(withoutNotNull(type)) : null;
  if (mistake) return refuse(`${gives}, ${mistake.said}`, mistake.hint, 'type');
  const given = givenValueMistake(name, column, dialect);
  if (given) return refuse(given.said, given.hint, given.key);
  if (!source || source.columns.length === 0) return [];
  const declared = source.columns.find((candidate) => candidate.name === name);
  const isWhole = source.columns.every((candidate) => candidate.type !== null);
  if (!declared && isWhole) {
    const names = source.columns.map((candidate) => candidate.name);
    return refuse(`fills the column '${name}', which the source of its table does not declare`, didYouMean(name, names));
  }
  if (!declared || declared.type === null) return [];
  const known = isWhole ? relations.get(source.id)?.columns.find((candidate) => candidate.name === name) : undefined;
  const [written, said] = [types.nameOf(type), known?.type ?? types.nameOf(plainType(declared.type))];
  if (written === said) return [];
  return refuse(`fills '${name}' as ${written}, and the source declares it as ${said}`, 'Correct one of the two.');
}

/** Fields that the address or the body of a request names, and the row does not have. */
function unknownFields(node: SinkNode, { projectDir }: Manifest): readonly Finding[] {
  const { to, columns, unknown_fields: unknown } = node.sink;
  const names = [...Object.keys(columns), ...(unknown === 'drop' ? [] : [unknown.keep])];
  if (!('http' in to) || names.length === 0) return [];
  const named = { url: addressTemplate(to.http.url).fields, body: bodyTemplate(to.http.body).fields };
  return Object.entries(named).flatMap(([key, fields]) =>
    fields.flatMap((field) => {
      if (names.includes(field.split('.')[0] ?? field)) return [];
      const at = placesOf(projectDir, node.file).at(['to', 'http', key]);
      const hint = didYouMean(field, names) ?? `The columns are ${names.join(', ')}.`;
      return [
        errorFinding(
          node,
          new GccflowError('SINK_TABLE', `The sink '${node.name}' sends '${field}', which is none of its columns.`, { at, hint }),
        ),
      ];
    }),
  );
}

/** A table that another sink fills as well, with other columns: the one that comes second does not start. */
function sharedTable(node: SinkNode, sinks: readonly SinkNode[], { projectDir }: Manifest, types: TypeNames): readonly Finding[] {
  const { table } = node;
  const first = sinks.find((other) => table !== null && other.table?.database === table.database && other.table.name === table.name);
  if (!first || first === node) return [];
  const there = new Map(columnsOfTable(first).map(({ name, type }) => [name, types.nameOf(type)]));
  const differing = columnsOfTable(node).filter(({ name, type }) => there.get(name) !== types.nameOf(type));
  if (differing.length === 0) return [];
  const message = `The sink '${node.name}' fills the table of '${first.name}' with other columns: ${differing.map(({ name }) => name).join(', ')}.`;
  const at = placesOf(projectDir, node.file).at(['to', 'clickhouse']);
  return [errorFinding(node, new GccflowError('SINK_TABLE', message, { at, hint: 'Name another table, or give both the same columns.' }))];
}

/** Columns that a source declares of a table that only sinks create, and that none of them gives it. */
function unfilled(source: SourceNode, sinks: readonly SinkNode[]): readonly Finding[] {
  const given = new Set(sinks.flatMap(columnsOfTable).map(({ name }) => name));
  if (sinks.length === 0 || !sinks.every(({ sink: { to } }) => 'clickhouse' in to && to.create)) return [];
  return source.columns.flatMap((column) => {
    if (given.has(column.name) || (column.type !== null && plainType(column.type) !== column.type)) return [];
    const by = sinks.map(({ name }) => `'${name}'`).join(' and ');
    const message = `The source '${source.sourceName}.${source.name}' declares the column '${column.name}', which the table does not have that the sink ${by} creates.`;
    const hint = didYouMean(column.name, given) ?? 'Add it to the columns of the sink, or take it out of the source.';
    const at = { file: source.file, ...column.at };
    return [errorFinding(source, new GccflowError('SINK_TABLE', message, { at, hint }))];
  });
}
