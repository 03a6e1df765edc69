import type { Headers } from '../connections/broker.ts';
import { importDefault } from '../project/import-default.ts';

/**
 * What a sink's `transform` module exports as its default: the objects that `columns` read, made of a delivery's body; null or an empty
 * list for none. It answers at once, without promises, and gets whatever JSON the body holds; integers beyond 2^53 are bigints.
 * A delivery for which it throws goes the way of every failed one; of the error only the class and the place are told.
 */
// biome-ignore lint/suspicious/noExplicitAny: a body is whatever its producer sent, and each transform knows its own
export type Transform = (body: any, delivery: TransformDelivery) => object | readonly object[] | null;

/** What a transform may know of a delivery. */
export interface TransformDelivery {
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: Headers;
  readonly messageId: string | null;
  readonly publishedAt: Date | null;
}

/** Loads the module that a sink names. Throws FILE_UNREADABLE where there is none that loads and exports a function. */
export async function loadTransform(path: string): Promise<Transform> {
  const loaded = await importDefault('transform', path);
  return loaded as Transform;
}
