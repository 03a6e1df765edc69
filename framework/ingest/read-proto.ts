import { readFile } from 'node:fs/promises';
import protobuf from 'protobufjs';
import { didYouMean } from '../foundation/closest.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { FieldShape, MessageShape, ScalarType, ValueShape } from './message-shape.ts';

/** A message of a .proto file. Plain values are protojson: lowerCamelCase names, 64-bit integers as text, enums by name, bytes in base64. */
export interface ProtoMessage {
  readonly shape: MessageShape;
  /** Throws an ordinary error where the bytes are no such message. */
  decode(bytes: Uint8Array): Record<string, unknown>;
  /** Throws an ordinary error where the value does not fit. */
  encode(value: Readonly<Record<string, unknown>>): Buffer;
}

export interface ProtoMethod {
  /** e.g. `bulbulgrpc.EventService`. */
  readonly service: string;
  /** e.g. `/bulbulgrpc.EventService/dispatch`. */
  readonly path: string;
  readonly request: ProtoMessage;
  readonly response: ProtoMessage;
}

/** Reads a method of a .proto file, with the messages it takes and gives. Throws INGEST_PROTO. */
export async function readProtoMethod(file: string, name: string): Promise<ProtoMethod> {
  const root = await parseProto(file);
  const lastDot = name.lastIndexOf('.');
  const [serviceName, methodName] = [name.slice(0, lastDot), name.slice(lastDot + 1)];
  const service = root.lookup(`.${serviceName}`);
  const method = service instanceof protobuf.Service ? service.methods[methodName] : undefined;
  if (!method) {
    const hint = didYouMean(name, methodNames(root)) ?? `It has: ${methodNames(root).join(', ') || 'no method at all'}.`;
    throw new GccflowError('INGEST_PROTO', `The file '${file}' has no method '${name}'.`, { hint });
  }
  if (!method.resolvedRequestType || !method.resolvedResponseType) throw new Error(`'${name}' was not resolved`);
  return {
    service: serviceName,
    path: `/${serviceName}/${methodName}`,
    request: messageOfType(method.resolvedRequestType),
    response: messageOfType(method.resolvedResponseType),
  };
}

async function parseProto(file: string): Promise<protobuf.Root> {
  try {
    await readFile(file); // the parser's own error names no reason
    return new protobuf.Root().loadSync(file); // load() throws where nobody catches for a type that is not there
  } catch (cause) {
    throw new GccflowError('INGEST_PROTO', `The file '${file}' cannot be read as a .proto file: ${messageOf(cause)}.`, { cause });
  }
}

function methodNames(namespace: protobuf.NamespaceBase): string[] {
  return namespace.nestedArray.flatMap((nested) => {
    if (nested instanceof protobuf.Service) return nested.methodsArray.map((method) => method.fullName.slice(1));
    return nested instanceof protobuf.Namespace ? methodNames(nested) : [];
  });
}

/** As protojson wants values. Fields that are not there are left out. */
const protojson = { longs: String, enums: String, bytes: String, json: true } as const;

function messageOfType(type: protobuf.Type): ProtoMessage {
  return {
    shape: shapeOf(type),
    decode: (bytes) => type.toObject(type.decode(bytes), protojson),
    encode: (value) => Buffer.from(type.encode(type.fromObject(value)).finish()),
  };
}

const shapeOf = (type: protobuf.Type): MessageShape => ({
  name: type.name,
  fields: new Map(type.fieldsArray.map((field) => [field.name, fieldOf(field)])),
});

function fieldOf(field: protobuf.Field): FieldShape {
  const holds = field.map ? 'map' : field.repeated ? 'list' : 'one';
  const keys = field instanceof protobuf.MapField ? (field.keyType as ScalarType) : null;
  return { name: field.name, holds, keys, value: valueShape(field), oneof: field.partOf?.name ?? null };
}

function valueShape({ resolvedType, type }: protobuf.Field): ValueShape {
  if (resolvedType instanceof protobuf.Enum) {
    const entries = Object.entries(resolvedType.values);
    return {
      kind: 'enum',
      names: new Map<string | number, string>(
        entries.flatMap(([name, number]) => [
          [name, name],
          [number, name],
        ]),
      ),
    };
  }
  if (!(resolvedType instanceof protobuf.Type)) return { kind: 'scalar', type: type as ScalarType };
  let shape: MessageShape | undefined;
  return {
    kind: 'message',
    shape: () => {
      shape ??= shapeOf(resolvedType);
      return shape;
    },
  };
}
