import { closest } from '../foundation/closest.ts';
import { type ErrorDetails, GccflowError } from '../foundation/error.ts';
import { formatLocation, type Location } from '../foundation/location.ts';
import { isBound } from '../manifest/build-streams.ts';
import type { FlowNode, Manifest, SinkNode } from '../manifest/manifest.ts';
import type { FieldKind } from '../project/field-type.ts';
import { placesOf } from '../project/locate-value.ts';
import type { SinkColumn } from '../project/sink-file.ts';
import { parsePath } from '../sink/columns.ts';
import { valueType } from '../sink/value-type.ts';
import { refused } from '../sink/values.ts';
import { columnTakes, dialectOf } from './column-takes.ts';
import { type EmittedEvent, type EventField, eventFields } from './event-fields.ts';
import type { Finding } from './finding.ts';
import { isSound } from './given-values.ts';
import { unboundEvent, unboundRoutes } from './unbound-events.ts';

/**
 * Events of flows that no queue of the project gets, that lack a field which a sink cannot do without, or whose field its column does not take:
 * each of them would be kept as a dead letter.
 */
export function checkEvents(manifest: Manifest): readonly Finding[] {
  const nodes = [...manifest.nodes.values()];
  const sinks = nodes.filter((node): node is SinkNode => node.kind === 'sink');
  const emitted = nodes.filter((node): node is FlowNode => node.kind === 'flow').flatMap((flow) => eventsOf(flow));
  const routed = nodes.flatMap((node) => (node.kind === 'ingest' ? unboundRoutes(node, sinks, manifest.projectDir) : []));
  const stored = emitted.flatMap((event) => {
    const { exchange, routing_key } = event.emit;
    const bound = exchange === null ? [] : sinks.filter((sink) => isBound(sink, exchange, routing_key));
    const read = bound.filter(({ sink }) => sink.transform === null);
    return [...unboundEvent(event, sinks, manifest.projectDir), ...read.flatMap((sink) => new Pair(event, sink, manifest).mistakes())];
  });
  return [...routed, ...stored];
}

function eventsOf(flow: FlowNode): readonly EmittedEvent[] {
  return flow.flow.process.flatMap((step, index) => ('emit' in step ? [{ flow, emit: step.emit, step: index }] : []));
}

/** An event and a sink that stores it. */
class Pair {
  readonly #event: EmittedEvent;
  readonly #sink: SinkNode;
  readonly #projectDir: string;
  readonly #fields: ReadonlyMap<string, EventField> | null;

  constructor(event: EmittedEvent, sink: SinkNode, { projectDir }: Manifest) {
    this.#event = event;
    this.#sink = sink;
    this.#projectDir = projectDir;
    this.#fields = eventFields(event);
  }

  mistakes(): readonly Finding[] {
    if (!this.#fields) return [];
    const { each, columns } = this.#sink.sink;
    const ofRows = each === null || each === '$' ? [] : this.#ofList(parsePath(each).path);
    return [...ofRows, ...Object.entries(columns).flatMap(([name, column]) => this.#ofColumn(name, column))];
  }

  /** The list that holds a row per element. */
  #ofList([name = '', ...more]: readonly string[]): readonly Finding[] {
    const field = this.#fields?.get(name);
    const asked = `and the sink '${this.#sink.name}' reads a list there`;
    if (!field) return [this.#finding('error', `has no field '${name}', ${asked}`, null, undefined)];
    const kind = more.length > 0 ? 'object' : 'list';
    return field.kind === 'any' || field.kind === kind
      ? []
      : [this.#finding('error', `has ${aKind(field.kind)} '${name}', ${asked}`, field, undefined)];
  }

  #ofColumn(name: string, column: SinkColumn): readonly Finding[] {
    const { path, ofRoot } = parsePath(column.from ?? name);
    const [first, ...more] = path;
    const elsewhere = column.header !== null || column.delivery !== null || column.value !== null;
    if (elsewhere || first === undefined || (this.#sink.sink.each !== null && !ofRoot)) return [];
    if (!isSound(name, column, dialectOf(this.#sink.sink.to))) return []; // told with the sink
    const field = this.#fields?.get(first);
    if (!field) return this.#isNeeded(name, column) ? [this.#missing(name, column, first)] : [];
    const stored = `which the sink '${this.#sink.name}' stores as ${column.type}`;
    if (more.length > 0) {
      if (field.kind === 'any' || field.kind === 'object' || field.kind === 'list') return [];
      return [
        this.#finding(
          'error',
          `has ${aKind(field.kind)} '${first}', and the sink '${this.#sink.name}' reads '${path.join('.')}'`,
          field,
          undefined,
        ),
      ];
    }
    const takes = this.#takes(column, field);
    const hint = `The column is declared at ${formatLocation(this.#placeOfColumn(name))}.`;
    if (takes === 'none') return [this.#finding('error', `has ${aKind(field.kind)} '${first}', ${stored}`, field, hint)];
    if (takes === 'some')
      return [this.#finding('warn', `has ${aKind(field.kind)} '${first}', ${stored}: most such values do not fit`, field, hint)];
    return [];
  }

  #takes(column: SinkColumn, { kind, value }: EventField): ReturnType<typeof columnTakes> {
    const dialect = dialectOf(this.#sink.sink.to);
    const takes = columnTakes(column, kind, dialect);
    if (value === undefined || column.as !== null || takes === 'none') return takes;
    return valueType(column.type, dialect).encode(value) === refused ? 'none' : 'all';
  }

  /** Whether a column cannot be filled without its field. */
  #isNeeded(name: string, { type, default: fallback }: SinkColumn): boolean {
    const { to, deduplicate_by } = this.#sink.sink;
    const isKey = deduplicate_by === name || ('postgres' in to && to.key.includes(name));
    return fallback === undefined && (isKey || !valueType(type, dialectOf(to)).nullable);
  }

  /** At the emit; at the column where that names a field which the event has by a name very like it. */
  #missing(name: string, column: SinkColumn, field: string): Finding {
    const names = [...(this.#fields?.keys() ?? [])];
    const near = closest(field, names);
    const { flow, emit } = this.#event;
    if (column.from !== null && near !== undefined) {
      const message = `The sink '${this.#sink.name}' reads '${field}', which the event '${emit.routing_key}' of the flow '${flow.name}' does not have.`;
      const at = this.#placeOfColumn(name);
      return {
        severity: 'error',
        node: this.#sink.id,
        error: new GccflowError('CHECK_EVENT', message, { at, hint: `Did you mean '${near}'?` }),
      };
    }
    const hint =
      near === undefined
        ? 'Put the field into the event, or give the column a `default` or a Nullable type.'
        : `The event has '${near}'. Give it the name that the sink reads, or read it by \`from: ${near}\`.`;
    return this.#finding('error', `has no field '${field}', which the sink '${this.#sink.name}' stores as ${column.type}`, null, hint);
  }

  #placeOfColumn(name: string): Location {
    return placesOf(this.#projectDir, this.#sink.file).keyAt(['columns', name]);
  }

  /** At the field, or at the emit. */
  #finding(severity: Finding['severity'], said: string, field: EventField | null, hint: string | undefined): Finding {
    const { flow, emit, step } = this.#event;
    const at = placesOf(this.#projectDir, flow.file).keyAt(field?.path ?? ['process', step, 'emit']);
    const details: ErrorDetails = { at, hint };
    return {
      severity,
      node: flow.id,
      error: new GccflowError('CHECK_EVENT', `The event '${emit.routing_key}' of the flow '${flow.name}' ${said}.`, details),
    };
  }
}

function aKind(kind: FieldKind): string {
  const names: Readonly<Partial<Record<FieldKind, string>>> = { string: 'text', timestamp: 'time', boolean: 'true or false as' };
  const name = names[kind] ?? kind;
  return kind === 'boolean' ? name : `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}
