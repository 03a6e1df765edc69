import { edit, type Fault, faults } from '../mutations/fault.ts';

const orders = 'sinks/orders.yaml';
const reviews = 'sinks/reviews.yaml';
const audit = 'sinks/audit.yaml';
const alerts = 'sinks/alerts.yaml';
const hooks = 'sources/hooks.yaml';
const pages = 'flows/pages.yaml';
const stream = 'sources/stream.yaml';
const flow = 'flows/orders.yaml';
const reviewFlow = 'flows/reviews.yaml';

/** Mistakes in sinks, in flows, and in what they say of each other and of sources. */
export const faultsOfStreams: readonly Fault[] = [
  ...faults(
    'type of a sink that PostgreSQL does not have',
    edit(audit, 'order_id: bigint not null', 'order_id: bigit not null'),
    edit(audit, 'placed: timestamptz', 'placed: DateTime'),
    edit(audit, 'note: text', 'note: String'),
    edit(audit, 'lines: jsonb', 'lines: jsnob'),
  ),
  ...faults(
    'type of a sink that ClickHouse does not have',
    edit(orders, 'order_id: UInt64', 'order_id: bigint unsign'),
    edit(orders, 'placed_at: DateTime', 'placed_at: timestamptz'),
    edit(reviews, 'stars: UInt8', 'stars: Unt8'),
    edit(reviews, 'text: Nullable(String)', 'text: Nullable(Array(String))'),
    edit(alerts, 'kind: String', 'kind: string'),
  ),
  ...faults(
    'default or value that the type of a sink does not take',
    edit(orders, "default: '[]'", 'default: []'),
    edit(orders, 'state: { type: LowCardinality(String), default: unknown }', 'state: { type: LowCardinality(String), default: 5 }'),
    edit(reviews, 'author_age: { type: Nullable(UInt8), from: author.age }', 'author_age: { type: Nullable(UInt8), default: none }'),
    edit(audit, 'default: false', 'default: never'),
  ),
  ...faults(
    'table of a sink',
    edit(orders, 'order_by: [order_id, event_id]', 'order_by: [order_id, evnt_id]'),
    edit(orders, 'ReplacingMergeTree(received_at)', 'ReplacingMergeTree(recieved_at)'),
    edit(orders, 'ReplacingMergeTree(received_at)', 'ReplacingMergTree(received_at)'),
    edit(orders, 'toYYYYMM(placed_at)', 'toYYYYMM(state)'),
  ),
  ...faults(
    'sink against the source of its table',
    edit(stream, 'name: order_id, type: UInt64', 'name: order_id, type: UInt32', { file: orders, text: 'order_id: UInt64' }),
    edit(orders, 'order_id: UInt64', 'order_id: Int64'),
    edit(orders, "'Decimal(18, 2)', from: total", "'Decimal(18, 4)', from: total"),
    edit(orders, 'placed_at: DateTime', 'placed_at: DateTime64(3)'),
  ),
  ...faults(
    'queue of a sink',
    edit(orders, 'routing_keys: [order]', 'routing_key: [order]'),
    edit(reviews, 'name: reviews_q', 'name: audit_q'),
    edit(reviews, 'exchange: shop.dx', 'exchange: shop.dx, exchange_type: topic'),
    edit(orders, 'max_wait: 1s', 'max_wait: 1 sec'),
  ),
  ...faults(
    'event without a field',
    edit(flow, '        total: record.amount\n', '', { file: flow, text: '  - emit:' }),
    edit(orders, 'from: total', 'from: totl'),
    edit(reviews, 'review_id: String', 'review_id: { type: String, from: reviewid }'),
    edit(reviewFlow, 'stars: integer, ', '', { file: reviewFlow, text: '  - emit:' }),
  ),
  ...faults(
    'event whose field has another type',
    edit(reviewFlow, 'stars: integer', 'stars: string', { file: reviewFlow, text: 'output:' }),
    edit(reviewFlow, 'review_id: string', 'review_id: integer', { file: reviewFlow, text: 'output:' }),
    edit(reviewFlow, 'at: timestamp', 'at: boolean', { file: reviewFlow, text: 'output:' }),
    edit(reviewFlow, 'author: object', 'author: string', { file: reviewFlow, text: 'output:' }),
  ),
  ...faults(
    'within a flow',
    edit(flow, 'total: record.amount', 'total: record.amont'),
    edit(flow, 'key: order_id\n', 'key: id\n'),
    edit(flow, "path: '/orders/{order_id}'", "path: '/orders/{id}'"),
    edit(flow, 'api: [shop]', 'api: [shp]'),
  ),
  ...faults(
    'what nobody reads, calls or takes',
    edit(hooks, 'routing_key: alert', 'routing_key: alarm'),
    edit(hooks, 'exchange: shop.dx', 'exchange: shop.xd'),
    edit(pages, '$length(', '$len('),
    edit(pages, 'shop: params.shop', 'shp: params.shop'),
    edit(pages, 'shop: params.shop', 'shop: 5'),
    edit(alerts, '{{kind}}', '{{kin}}'),
    edit(alerts, "body: { text: '{{text}}' }", "body: { text: '{{txt}}' }"),
    edit(reviews, "clickhouse: '@e.reviews'", "clickhouse: '@e.orders'"),
  ),
];
