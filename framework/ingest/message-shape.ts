/** What a protobuf message may hold, for reading its JSON. */
export interface MessageShape {
  /** Without its package, e.g. `LaunchEvent`. */
  readonly name: string;
  /** By JSON name, e.g. `eventId`. */
  readonly fields: ReadonlyMap<string, FieldShape>;
}

export interface FieldShape {
  readonly name: string;
  /** `map` is a message's map field, whose values are of `value`. */
  readonly holds: 'one' | 'list' | 'map';
  /** Of a map: what its keys are; null of others. */
  readonly keys: ScalarType | null;
  readonly value: ValueShape;
  /** The oneof it is a member of. */
  readonly oneof: string | null;
}

export type ValueShape =
  | { readonly kind: 'scalar'; readonly type: ScalarType }
  | { readonly kind: 'enum'; readonly names: ReadonlyMap<string | number, string> }
  /** A function, as messages may hold themselves. */
  | { readonly kind: 'message'; readonly shape: () => MessageShape };

export type ScalarType =
  | 'double'
  | 'float'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'fixed32'
  | 'sfixed32'
  | 'int64'
  | 'uint64'
  | 'sint64'
  | 'fixed64'
  | 'sfixed64'
  | 'bool'
  | 'string'
  | 'bytes';
