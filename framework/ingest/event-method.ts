import { dirname, resolve } from 'node:path';
import type { OutgoingMessage } from '../connections/broker.ts';
import { didYouMean } from '../foundation/closest.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import type { IngestGrpc } from '../project/ingest-file.ts';
import { type EventLayout, groupEvents } from './event-groups.ts';
import type { Parcel } from './intake.ts';
import type { FieldShape, MessageShape } from './message-shape.ts';
import { type ProtoMethod, readProtoMethod } from './read-proto.ts';
import { readProtoJson } from './read-proto-json.ts';
import { Refusal } from './refusal.ts';

/** The method that takes events, in its two forms. What cannot be taken throws Refusal. */
export interface EventMethod {
  readonly service: string;
  readonly path: string;
  /** The answer to a request that was taken. */
  readonly answer: Buffer;
  readonly fromBytes: (bytes: Buffer, now: Date) => Parcel;
  readonly fromJson: (value: unknown, now: Date) => Parcel;
}

export interface EventMethodOptions {
  readonly projectDir: string;
  /** Where the ingest is declared. */
  readonly at: Location;
  /** Events in one request at most. */
  readonly maxEvents: number;
}

/** Reads the .proto file and finds in it what the ingest names. Throws INGEST_PROTO. */
export async function openEventMethod(grpc: IngestGrpc, { projectDir, at, maxEvents }: EventMethodOptions): Promise<EventMethod> {
  const method = await placed(at, () => readProtoMethod(resolve(projectDir, dirname(at.file), grpc.proto), grpc.method));
  const layout = layoutOf(method, grpc, at);
  const parcel = (route: string, request: Record<string, unknown>, now: Date): Parcel => {
    const groups = groupEvents(request, layout, maxEvents, now);
    const messages = groups.map(
      ({ type, messageId, body }): OutgoingMessage => ({
        exchange: grpc.exchange,
        routingKey: type,
        body,
        messageId,
        contentType: 'application/json',
      }),
    );
    return { route, events: groups.reduce((sum, { events }) => sum + events, 0), messages };
  };
  return {
    service: method.service,
    path: method.path,
    answer: encodeAnswer(method, grpc.answer, at),
    fromBytes: (bytes, now) => parcel(method.path, decode(method, bytes), now),
    fromJson: (value, now) => parcel('/event', readProtoJson(value, method.request.shape), now),
  };
}

async function placed<Read>(at: Location, read: () => Promise<Read>): Promise<Read> {
  try {
    return await read();
  } catch (thrown) {
    if (!(thrown instanceof GccflowError)) throw thrown;
    throw new GccflowError(thrown.code, thrown.message, { at, hint: thrown.hint, cause: thrown.cause });
  }
}

function decode({ request }: ProtoMethod, bytes: Buffer): Record<string, unknown> {
  try {
    return request.decode(bytes);
  } catch (thrown) {
    if (thrown instanceof Refusal) throw thrown;
    throw new Refusal('invalid', `The request is no ${request.shape.name} message.`);
  }
}

function encodeAnswer({ response }: ProtoMethod, answer: IngestGrpc['answer'], at: Location): Buffer {
  try {
    return response.encode(readProtoJson(answer, response.shape));
  } catch (thrown) {
    const where = thrown instanceof Refusal && thrown.path !== null ? `'${thrown.path}': ` : '';
    throw new GccflowError('INGEST_PROTO', `The answer is no ${response.shape.name} message: ${where}${messageOf(thrown)}`, { at });
  }
}

function layoutOf({ request }: ProtoMethod, grpc: IngestGrpc, at: Location): EventLayout {
  const events = fieldOf(request.shape, grpc.events, at);
  if (events.holds !== 'list' || events.value.kind !== 'message') {
    throw new GccflowError('INGEST_PROTO', `'${grpc.events}' of ${request.shape.name} is no repeated message.`, { at });
  }
  const event = events.value.shape();
  const types = typesOf(event, grpc.type_from);
  if (types.size === 0) {
    const oneofs = [...event.fields.values()].flatMap(({ oneof }) => (oneof === null ? [] : [oneof]));
    const hint = didYouMean(camel(grpc.type_from), oneofs);
    throw new GccflowError('INGEST_PROTO', `${event.name} has no oneof '${grpc.type_from}' of messages.`, { at, hint });
  }
  return {
    events: events.name,
    id: fieldOf(event, grpc.id, at).name,
    timestamp: grpc.timestamp === null ? null : fieldOf(event, grpc.timestamp, at).name,
    types,
  };
}

function typesOf({ fields }: MessageShape, oneof: string): ReadonlyMap<string, string> {
  const members = [...fields.values()].filter((field) => field.oneof === camel(oneof));
  return new Map(members.flatMap(({ name, value }) => (value.kind === 'message' ? [[name, value.shape().name] as const] : [])));
}

function fieldOf(shape: MessageShape, name: string, at: Location): FieldShape {
  const field = shape.fields.get(camel(name));
  if (field) return field;
  throw new GccflowError('INGEST_PROTO', `${shape.name} has no field '${name}'.`, {
    at,
    hint: didYouMean(camel(name), shape.fields.keys()),
  });
}

const camel = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
