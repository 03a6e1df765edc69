import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topologyOf } from '../../framework/sink/topology.ts';
import { manifestOf } from '../support/manifest-of.ts';

async function topologyOfFiles(files: Readonly<Record<string, string>>) {
  const { manifest } = await manifestOf(files);
  const nodes = [...manifest.nodes.values()];
  return topologyOf(
    nodes.filter((node) => node.kind === 'sink'),
    nodes.filter((node) => node.kind === 'ingest'),
  );
}

const sinkFile = (name: string, rest: string): string =>
  `kind: sink\nname: ${name}\nto: { clickhouse: ${name} }\ncolumns: { id: String }\n${rest}\n`;

test('a sink has its exchange, queue, bindings, one delay queue a delay, and a queue of dead letters', async () => {
  const topology = await topologyOfFiles({
    'sinks/click.yaml': sinkFile(
      'click',
      'queue: { name: click_q, exchange: event.dx, routing_keys: [click, tap] }\nretry: { max: 3, delay: [1s, 1s, 10s] }',
    ),
  });

  assert.deepEqual(topology, {
    exchanges: [{ name: 'event.dx', type: 'direct' }],
    queues: [
      { name: 'click_q', type: 'quorum', delay: null },
      { name: 'click_q.retry.1000ms', type: 'quorum', delay: { ms: 1000, queue: 'click_q' } },
      { name: 'click_q.retry.10000ms', type: 'quorum', delay: { ms: 10_000, queue: 'click_q' } },
      { name: 'click_q.dead', type: 'quorum', delay: null },
    ],
    bindings: [
      { queue: 'click_q', exchange: 'event.dx', routingKey: 'click' },
      { queue: 'click_q', exchange: 'event.dx', routingKey: 'tap' },
    ],
  });
});

test('a declared route of dead letters has its exchange, queue and binding', async () => {
  const { exchanges, queues, bindings } = await topologyOfFiles({
    'sinks/click.yaml': sinkFile(
      'click',
      'queue: { name: click_q, type: classic }\nretry: { max: 0 }\ndead_letter: { exchange: error.dx }',
    ),
  });

  assert.deepEqual(exchanges, [{ name: 'error.dx', type: 'direct' }]);
  assert.deepEqual(queues, [
    { name: 'click_q', type: 'classic', delay: null },
    { name: 'error.click_q', type: 'classic', delay: null },
  ]);
  assert.deepEqual(bindings, [{ queue: 'error.click_q', exchange: 'error.dx', routingKey: 'error.click_q' }]);
});

test('what several sinks and ingests share is declared once', async () => {
  const { exchanges, bindings } = await topologyOfFiles({
    'sinks/a.yaml': sinkFile('a', 'queue: { name: a_q, exchange: all.fx, exchange_type: fanout }\ndead_letter: { exchange: error.dx }'),
    'sinks/b.yaml': sinkFile('b', 'queue: { name: b_q, exchange: all.fx, exchange_type: fanout }\ndead_letter: { exchange: error.dx }'),
    'sources/in.yaml':
      'kind: ingest\nname: in\nhttp:\n  routes:\n    - path: /shopify/event\n      publish: [{ exchange: all.fx, exchange_type: fanout, routing_key: any }]\n',
  });

  assert.deepEqual(exchanges, [
    { name: 'all.fx', type: 'fanout' },
    { name: 'error.dx', type: 'direct' },
  ]);
  assert.deepEqual(
    bindings.filter(({ exchange }) => exchange === 'all.fx'),
    [
      { queue: 'a_q', exchange: 'all.fx', routingKey: '' },
      { queue: 'b_q', exchange: 'all.fx', routingKey: '' },
    ],
  );
});
