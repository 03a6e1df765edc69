import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEvents } from '../../framework/check/check-events.ts';
import { projectFolder } from '../support/cli.ts';
import { loadProjectIn } from './load-project-in.ts';

const files = {
  'project.yaml': 'name: shop\ntargets: { dev: {} }\n',
  'sources/apis/shop.yaml': 'kind: api\nname: shop\nbase_url: https://shop.example\n',
};

const flow = (emit: string, rest = '') =>
  `kind: flow\nname: orders\nparams: { id: string }\nretrieve: { api: [shop], path: '/orders/{id}' }\noutput: { id: string, amount: integer }\n${rest}process:\n  - emit: ${emit}\n`;

const sink = (columns: string, rest = '') =>
  `kind: sink\nname: order_events\nqueue: { name: q, exchange: x, exchange_type: direct, routing_keys: [order] }\nto: { clickhouse: shop.order_events, create: true }\n${rest}columns: ${columns}\n`;

test('a field that the event lacks and the column needs is told at the emit', async () => {
  assert.deepEqual(await told(flow('order'), sink('{ event_id: String, id: String, amount: Int64, currency: String }')), [
    "flows/orders.yaml:7 The event 'order' of the flow 'orders' has no field 'currency', which the sink 'order_events' stores as String.",
  ]);
  assert.deepEqual(
    await told(flow('{ routing_key: order, body: { id: record.id } }'), sink('{ amount: { type: Int64, from: amount.paid } }')),
    ["flows/orders.yaml:7 The event 'order' of the flow 'orders' has no field 'amount', which the sink 'order_events' stores as Int64."],
  );
});

test('columns that do without the field, or do not read it, are silent', async () => {
  const columns =
    '{ event_timestamp: DateTime, a: { type: String, default: "" }, b: Nullable(String), c: { type: DateTime, value: now }, d: { type: String, header: x }, e: { type: Int64, from: $.amount } }';

  assert.deepEqual(await told(flow('order'), sink(columns)), []);
  const lists = flow('order').replace('amount: integer', 'items: list');
  assert.deepEqual(await told(lists, sink('{ item: String }', 'each: items\n')), []);
  assert.deepEqual(await told(flow('order').replace(/output:.*\n/, ''), sink('{ item: String }')), []);
});

async function told(flowFile: string, sinkFile: string): Promise<readonly string[]> {
  using folder = projectFolder({ ...files, 'flows/orders.yaml': flowFile, 'sinks/events.yaml': sinkFile });
  const found = checkEvents((await loadProjectIn(folder.dir)).manifest);
  assert.ok(found.every(({ error, severity }) => error.code === 'CHECK_EVENT' && severity === 'error'));
  return found.map(({ error }) => `${error.at?.file}:${error.at?.line} ${error.message}`);
}
