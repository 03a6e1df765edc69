import { join } from 'node:path';
import type { Delivery } from '../connections/broker.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import type { SinkFile } from '../project/sink-file.ts';
import { type Column, compileColumn, parsePath, pathReader, type RowOrigin } from './columns.ts';
import { type Drift, watchDrift } from './drift.ts';
import type { Entry, Fields } from './entry.ts';
import { jsonText, jsonValue } from './json-text.ts';
import { type Body, parseBody } from './parse-body.ts';
import { RowMistake } from './row-mistake.ts';
import { loadTransform, type Transform } from './transform.ts';
import { eachUnknownField, readFields, unknownFields } from './unknown-fields.ts';
import type { Dialect } from './value-type.ts';

/** Makes rows of deliveries, as a sink's file says. */
export interface RowMaker {
  /** Throws `RowMistake` for a delivery that cannot become rows. */
  make(delivery: Delivery): Entry;
}

export interface RowMakerOptions {
  /** The folder of the sink's file, which its `transform` is relative to. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Reads the sink's file once; what is done per row are the functions this leaves. Throws FILE_UNREADABLE and VALUE_INVALID. */
export async function openRowMaker(sink: SinkFile, { folder, clock, log }: RowMakerOptions): Promise<RowMaker> {
  const drift = watchDrift(log);
  const transform = sink.transform === null ? null : await loadTransform(join(folder, sink.transform));
  const pick = transform ? transformed(transform) : picker(sink.each);
  const build = rowBuilder(sink, drift);
  const idOf = idReader(sink.deduplicate_by);
  const takesText = 'clickhouse' in sink.to;
  const make = (delivery: Delivery): Entry => {
    const body = parseBody(delivery, sink.max_body);
    const now = clock.now();
    const objects = pick(body, delivery);
    if (objects.length > maxRows) {
      throw new RowMistake('BODY_TOO_LARGE', `The body makes ${objects.length} rows, and ${maxRows} are taken at most.`);
    }
    const rows = objects.map((object) => build({ delivery, text: body.text, root: body.value, object, now }));
    const ids = idOf === null ? none : rows.map(idOf);
    return { delivery, rows: takesText ? rows.map((row) => JSON.stringify(row)) : rows, ids, bytes: body.bytes };
  };
  return { make: transform ? (delivery) => blamed(() => make(delivery)) : make };
}

/** What a transform gives back may be anything: a getter that throws, an object that holds itself. */
function blamed(work: () => Entry): Entry {
  try {
    return work();
  } catch (error) {
    if (error instanceof RowMistake) throw error;
    throw new RowMistake('TRANSFORM_FAILED', `What the transform gave back cannot be read: ${nameOf(error)}.`);
  }
}

const none: readonly string[] = [];

/** Of one delivery: a list of empty objects in a body of 1 MB would be 300,000. */
const maxRows = 10_000;

type Pick = (body: Body, delivery: Delivery) => readonly object[];

/** The objects that become rows: the body itself, or the elements of the list at a path. */
function picker(each: string | null): Pick {
  if (each === null) {
    return ({ value }) => {
      if (isObject(value)) return [value];
      throw new RowMistake('FIELD_TYPE', `The body is no object, and the sink names no list in it by 'each'.`);
    };
  }
  const read = pathReader(parsePath(each).path);
  return ({ value }) => {
    const list = read(value);
    if (list === undefined || list === null) throw new RowMistake('FIELD_MISSING', `The list '${each}' is missing or null.`);
    if (!Array.isArray(list)) throw new RowMistake('FIELD_TYPE', `The field '${each}' is no list.`);
    const strange = list.findIndex((element) => !isObject(element));
    if (strange < 0) return list;
    throw new RowMistake('FIELD_TYPE', `Element ${strange} of the list '${each}', counted from 0, is no object.`);
  };
}

function transformed(transform: Transform): Pick {
  return ({ value }, delivery) => {
    const made = call(transform, value, delivery);
    const list: readonly unknown[] = Array.isArray(made) ? made : [made];
    if (made === null || list.length === 0) return [];
    if (list.every(isObject)) return list;
    throw new RowMistake('TRANSFORM_FAILED', 'The transform gave back something other than an object, a list of objects or null.');
  };
}

function call(transform: Transform, body: unknown, { exchange, routingKey, headers, messageId, publishedAt }: Delivery): unknown {
  try {
    return transform(body, { exchange, routingKey, headers, messageId, publishedAt });
  } catch (error) {
    throw new RowMistake('TRANSFORM_FAILED', `The transform threw ${nameOf(error)}.`);
  }
}

/** Class and place of what was thrown. Its text may hold values of the body. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error}`;
  const [, place] = /([^\s/\\(]+:\d+:\d+)\)?$/m.exec(error.stack?.slice(error.stack.indexOf('\n    at ')) ?? '') ?? [];
  return place === undefined ? error.constructor.name : `${error.constructor.name} at ${place}`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Promise);
}

type Build = (origin: RowOrigin) => Fields;

function rowBuilder(sink: SinkFile, drift: Drift): Build {
  const dialect = dialectOf(sink.to);
  const entries = Object.entries(sink.columns);
  if (entries.length === 0) return ({ object }) => jsonValue(object) as Fields;
  const keys = new Set([sink.deduplicate_by, ...('postgres' in sink.to ? sink.to.key : [])]);
  const columns = entries.map(([name, column]) => compileColumn(name, column, { sink: sink.name, dialect, isKey: keys.has(name), drift }));
  const finish = unknownFieldWriter(sink, columns, drift);
  return (origin) => {
    const row: Record<string, unknown> = {};
    for (const { name, write } of columns) row[name] = write(origin);
    finish(row, origin.object);
    return row;
  };
}

function dialectOf(to: SinkFile['to']): Dialect {
  if ('http' in to) return 'http';
  return 'postgres' in to ? 'postgres' : 'clickhouse';
}

function unknownFieldWriter(
  { unknown_fields: unknown, each, transform, to }: SinkFile,
  columns: readonly Column[],
  drift: Drift,
): (row: Record<string, unknown>, object: object) => void {
  const isRoot = each === null && transform === null;
  const read = readFields(columns.flatMap(({ field, rootField }) => [field, isRoot ? rootField : null].filter((path) => path !== null)));
  if (unknown === 'drop') {
    return (_row, object) => {
      if (!drift.isFull) eachUnknownField(object, read, drift.unknownField);
    };
  }
  return (row, object) => {
    const rest = unknownFields(object, read) ?? {};
    row[unknown.keep] = 'http' in to ? jsonValue(rest) : jsonText(rest);
  };
}

function idReader(column: string | null): ((row: Fields) => string) | null {
  return column === null ? null : (row) => String(row[column]);
}
