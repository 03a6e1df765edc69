import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Delivery } from '../../framework/connections/broker.ts';
import type { SinkNode } from '../../framework/manifest/manifest.ts';
import type { Entry, Row } from '../../framework/sink/entry.ts';
import { WriteFault } from '../../framework/sink/writer.ts';
import { delivery } from './fake-broker.ts';
import { manifestOf } from './manifest-of.ts';

/** A sink as its file declares it, in JSON for short; the queue is `name_q` where nothing else is said. */
export async function sinkNode(sink: Readonly<Record<string, unknown>> & { readonly name: string }): Promise<SinkNode> {
  const file = { kind: 'sink', queue: { name: `${sink.name}_q` }, ...sink };
  const transform = typeof sink.transform === 'string' ? { [join('sinks', sink.transform)]: '' } : {}; // its text is the test's business
  const { manifest } = await manifestOf({ 'sinks/sink.yaml': JSON.stringify(file), ...transform });
  const node = manifest.nodes.get(`sink.${sink.name}`);
  assert.ok(node?.kind === 'sink');
  return node;
}

/** A delivery as a broker would hand it over. */
export function deliveryOf(body: string, details: Partial<Delivery> = {}): Delivery {
  return delivery({ body: Buffer.from(body), key: body, ...details });
}

/** A delivery with the rows made of it, and the ids of those. */
export function entryOf(rows: readonly Row[], ids: readonly string[] = [], details: Partial<Delivery> = {}): Entry {
  const body = JSON.stringify(rows);
  return { delivery: deliveryOf(body, details), rows, ids, bytes: body.length };
}

/** What a write throws. */
export async function faultOf(work: Promise<unknown>): Promise<WriteFault> {
  try {
    await work;
  } catch (thrown) {
    assert.ok(thrown instanceof WriteFault, String(thrown));
    return thrown;
  }
  assert.fail('nothing was thrown');
}
