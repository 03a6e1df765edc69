import type { FieldShape, MessageShape, ScalarType, ValueShape } from './message-shape.ts';
import { Refusal } from './refusal.ts';

/**
 * Reads the JSON form of a message as strictly as its binary form would be: unknown fields, values of another type and two members of a
 * oneof are refused with their path. Gives back what decoding the same message from bytes would.
 */
export function readProtoJson(value: unknown, shape: MessageShape, path = ''): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw expected('an object', path);
  const read: Record<string, unknown> = {};
  const oneofs = new Map<string, string>();
  for (const [key, given] of Object.entries(value)) {
    const field = shape.fields.get(key) ?? shape.fields.get(lowerCamel(key));
    const at = path === '' ? key : `${path}.${key}`;
    if (!field) throw new Refusal('invalid', `${shape.name} has no such field.`, at);
    if (given === null) continue; // as protojson has it: not set
    if (Object.hasOwn(read, field.name)) throw new Refusal('invalid', 'The field is there twice.', at);
    if (field.oneof !== null) {
      const other = oneofs.get(field.oneof);
      if (other !== undefined) throw new Refusal('invalid', `Only one of '${other}' and '${key}' is expected.`, at);
      oneofs.set(field.oneof, key);
    }
    read[field.name] = readField(given, field, at);
  }
  return read;
}

function readField(value: unknown, { holds, keys, value: shape }: FieldShape, path: string): unknown {
  if (holds === 'one') return readValue(value, shape, path);
  if (holds === 'list') {
    if (!Array.isArray(value)) throw expected('a list', path);
    return value.map((element, index) => readValue(element, shape, `${path}[${index}]`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw expected('an object', path);
  const entries = Object.entries(value).map(([key, element]): [string, unknown] => {
    const at = `${path}.${key}`;
    return [readKey(key, keys, at), readValue(element, shape, at)];
  });
  return Object.fromEntries(entries);
}

/** Keys of JSON are texts, whatever those of the map are. */
function readKey(key: string, type: ScalarType | null, path: string): string {
  if (type === null || type === 'string') return key;
  if (type !== 'bool') return String(readScalar(key, type, path));
  if (key !== 'true' && key !== 'false') throw expected('a key of true or false', path);
  return key;
}

function readValue(value: unknown, shape: ValueShape, path: string): unknown {
  switch (shape.kind) {
    case 'message':
      return readProtoJson(value, shape.shape(), path);
    case 'enum': {
      const name = shape.names.get(value as string | number);
      if (name === undefined) throw expected(`one of ${[...new Set(shape.names.values())].join(', ')}`, path);
      return name;
    }
    case 'scalar':
      return readScalar(value, shape.type, path);
  }
}

function readScalar(value: unknown, type: ScalarType, path: string): unknown {
  switch (type) {
    case 'string':
      if (typeof value !== 'string') throw expected('a text', path);
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw expected('true or false', path);
      return value;
    case 'bytes':
      if (typeof value !== 'string' || !/^[\w+/-]*={0,2}$/.test(value)) throw expected('base64', path);
      return value;
    case 'double':
    case 'float':
      return readFloat(value, path);
    default:
      return readInteger(value, integers[type], path);
  }
}

function readFloat(value: unknown, path: string): unknown {
  if (typeof value === 'number' && Number.isFinite(value)) return value; // 1e400 of JSON is infinite
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return value;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (!Number.isFinite(number)) throw expected('a number', path);
  return number;
}

interface IntegerRange {
  readonly min: bigint;
  readonly max: bigint;
  /** Integers of 64 bits are texts in JSON. */
  readonly asText: boolean;
}

const signed32: IntegerRange = { min: -(2n ** 31n), max: 2n ** 31n - 1n, asText: false };
const unsigned32: IntegerRange = { min: 0n, max: 2n ** 32n - 1n, asText: false };
const signed64: IntegerRange = { min: -(2n ** 63n), max: 2n ** 63n - 1n, asText: true };
const unsigned64: IntegerRange = { min: 0n, max: 2n ** 64n - 1n, asText: true };
const integers = {
  int32: signed32,
  sint32: signed32,
  sfixed32: signed32,
  uint32: unsigned32,
  fixed32: unsigned32,
  int64: signed64,
  sint64: signed64,
  sfixed64: signed64,
  uint64: unsigned64,
  fixed64: unsigned64,
} as const;

function readInteger(value: unknown, { min, max, asText }: IntegerRange, path: string): unknown {
  const isInteger = typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'string' && /^-?\d{1,20}$/.test(value);
  if (!isInteger) throw expected(asText ? 'an integer, as text beyond 2^53' : 'an integer', path);
  const integer = BigInt(value as number | string);
  if (integer < min || integer > max) throw expected(`an integer from ${min} to ${max}`, path);
  return asText ? integer.toString() : Number(integer);
}

const expected = (what: string, path: string): Refusal => new Refusal('invalid', `Expected is ${what}.`, path === '' ? null : path);

/** protojson takes the names of the .proto file too: `event_id` for `eventId`. */
const lowerCamel = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
