/** What an encoder gives back for a value that its type does not take. */
export const refused: unique symbol = Symbol('refused');

/** The value as the destination takes it, exactly, or `refused`. Never gets null or undefined. */
export type Encode = (value: unknown) => unknown;

/** A column's type: what it takes. */
export interface ValueType {
  readonly encode: Encode;
  readonly nullable: boolean;
  /** Takes any JSON as it is. */
  readonly isJson: boolean;
}
