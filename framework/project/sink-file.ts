import { z } from 'zod';
import { BrokerName, ExchangeType, Texts } from './broker-names.ts';
import { DurationValue } from './duration-value.ts';
import { SizeValue } from './size-value.ts';

/** Path of a value in JSON: `a.b`, or `$.a.b` from the root. */
const FieldPath = z
  .string()
  .refine((path) => path.split('.').every((name) => name !== ''), 'field names joined by dots are expected, as in a.b.');

const Queue = z.strictObject({
  name: BrokerName,
  type: z
    .enum(['quorum', 'classic'])
    .default('quorum')
    .describe('quorum survives the loss of a node; classic for queues that exist as such.'),
  exchange: BrokerName.nullable().default(null).describe('Exchange the queue is bound to; null binds it to none.'),
  exchange_type: ExchangeType.default('direct'),
  routing_keys: Texts.default([]).describe('Bindings; for a topic exchange patterns with `*` and `#`. None are needed for fanout.'),
});

const Buffered = z.strictObject({
  capacity: z
    .int()
    .positive()
    .default(10_000)
    .describe(
      'Deliveries held at most, all consumers together: the prefetch. At least twice max_rows, so that one batch fills while one is stored.',
    ),
  max_rows: z.int().positive().default(1000).describe('A batch is stored at this many rows,'),
  max_bytes: SizeValue.prefault('8MB').describe('or at this size,'),
  max_wait: DurationValue.prefault('5s').describe('or when its oldest row has waited this long.'),
});
export type Buffered = z.infer<typeof Buffered>;

const ColumnDetails = z.strictObject({
  type: z
    .string()
    .min(1)
    .describe(
      'ClickHouse or PostgreSQL type, e.g. `Nullable(String)`. Values that the type would wrap, cut or round are refused, but for what a time has beyond its precision. Whole numbers may come as texts of digits; texts come as texts, see `as`. PostgreSQL columns take null unless `not null` follows the type.',
    ),
  from: FieldPath.nullable()
    .default(null)
    .describe(
      "Path of the value in the row's object, e.g. `header.userId`; from the body's root with `$.` before it. The column's own name where nothing is said.",
    ),
  header: z.string().min(1).nullable().default(null).describe('AMQP header that holds the value.'),
  delivery: z
    .enum(['message_id', 'exchange', 'routing_key', 'published_at', 'received_at', 'body'])
    .nullable()
    .default(null)
    .describe('What is known of the delivery itself.'),
  value: z
    .union([z.string(), z.number(), z.boolean()])
    .nullable()
    .default(null)
    .describe('A fixed value; `now` is the time at which the row is made.'),
  as: z
    .enum(['json', 'text', 'epoch_s', 'epoch_ms'])
    .nullable()
    .default(null)
    .describe(
      'How the value is read: json keeps any value as JSON text, text takes numbers and booleans for a column of texts, epoch_s and epoch_ms read a number, or the text of one, as a time. Other times are ISO 8601 or `YYYY-MM-DD hh:mm:ss`, in UTC where no zone is named.',
    ),
  default: z
    .union([z.string(), z.number(), z.boolean()])
    .optional()
    .describe('Where the value is missing or null; without it such a delivery is refused, unless the type takes null.'),
  description: z.string().default(''),
});

/** A column of the destination. A type alone stands for the field of the column's name. */
export const SinkColumn = z
  .union([z.string().transform((type) => ColumnDetails.parse({ type })), ColumnDetails])
  .superRefine((column, context) => {
    const origins = (['from', 'header', 'delivery', 'value'] as const).filter((key) => column[key] !== null);
    if (origins.length < 2) return;
    context.addIssue({ code: 'custom', message: `only one of ${origins.join(', ')} is expected.`, path: [origins[1] ?? 'from'] });
  });
export type SinkColumn = z.infer<typeof ColumnDetails>;

const ClickHouseDestination = z.strictObject({
  clickhouse: z.string().min(1).describe('Table, as `database.table`; in the database of the target where none is named.'),
  create: z.boolean().default(false).describe('Create the table from `columns` where it is missing.'),
  engine: z.string().default('MergeTree').describe('Engine of a created table, e.g. `ReplacingMergeTree`.'),
  order_by: Texts.default([]).describe('Sorting key of a created table; `deduplicate_by` where empty.'),
  partition_by: z.string().nullable().default(null),
  ttl: z.string().nullable().default(null),
});

const PostgresDestination = z.strictObject({
  postgres: z.string().min(1).describe('Table, as `schema.table`; in `public` where no schema is named.'),
  create: z.boolean().default(false).describe('Create the table from `columns` where it is missing.'),
  key: Texts.default([]).describe('Columns that identify a row: one that is there is updated. Rows are only added where empty.'),
});

const HttpDestination = z.strictObject({
  http: z.strictObject({
    url: z
      .string()
      .min(1)
      .refine((url) => !/\{\{|\}\}/.test(url.replaceAll(/\{\{[^{}]+\}\}/g, '')), 'every {{ needs its }}.')
      .describe('Address; `{{field}}` stands for a field of the row, percent-encoded.'),
    method: z.enum(['POST', 'PUT', 'PATCH']).default('POST'),
    headers: z.record(z.string(), z.string()).default({}).describe('Sent with every request; secrets come from the environment.'),
    body: z
      .unknown()
      .default(null)
      .describe('JSON of the request, in which `{{field}}` stands for a field of the row; the row itself where null.'),
    auth: z
      .union([
        z.strictObject({ bearer: z.string() }),
        z.strictObject({ username: z.string(), password: z.string() }),
        z.strictObject({ header: z.string(), value: z.string() }),
      ])
      .nullable()
      .default(null),
    timeout: DurationValue.prefault('10s').describe('How long one request may take.'),
    requests_per_second: z.number().positive().nullable().default(null).describe('Limit of one process; none where null.'),
    idempotency_header: z
      .string()
      .nullable()
      .default('Idempotency-Key')
      .describe('Header that carries the same key in every repeat of a delivery, so that the API can drop repeats.'),
  }),
});

/** Where rows go; what is told apart by its first key. */
const Destination = z.union([ClickHouseDestination, PostgresDestination, HttpDestination]);
export type ClickHouseDestination = z.infer<typeof ClickHouseDestination>;
export type PostgresDestination = z.infer<typeof PostgresDestination>;
export type HttpDestination = z.infer<typeof HttpDestination>['http'];

/** A queue drained into ClickHouse, PostgreSQL or an HTTP API. */
export const SinkFile = z
  .strictObject({
    kind: z.literal('sink'),
    name: z.string().min(1).describe('Node name, unique in the project.'),
    description: z.string().default(''),
    enabled: z.boolean().default(true),
    tags: Texts.default([]),
    meta: z.record(z.string(), z.unknown()).default({}),
    queue: Queue,
    consumers: z.int().positive().max(100).default(1).describe('Channels that consume the queue, in one process.'),
    buffer: Buffered.nullable().default(null).describe('Batches of rows; one delivery at a time is written where null.'),
    to: Destination,
    each: FieldPath.nullable()
      .default(null)
      .describe(
        'Path of a list in the body that holds one row per element, `$` for a body that is a list; the body is one row where null.',
      ),
    columns: z.record(z.string(), SinkColumn).default({}).describe('Columns of the destination, in order.'),
    unknown_fields: z
      .union([z.literal('drop'), z.strictObject({ keep: z.string().min(1) })])
      .default('drop')
      .describe('Fields that no column reads: dropped, or kept as one JSON object, as text in the column named by `keep`.'),
    transform: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe("TypeScript module, relative to this file: its default export turns a body into the rows' objects, before `columns`."),
    deduplicate_by: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('Column that identifies a row. Deliveries that come a second time are looked up by it before they are stored again.'),
    max_body: SizeValue.prefault('1MB').describe('A larger body goes to the dead letters unread.'),
    retry: z
      .strictObject({
        max: z.int().nonnegative().max(100).default(2).describe('Tries after the first.'),
        delay: z
          .union([DurationValue.transform((ms) => [ms]), z.array(DurationValue).min(1)])
          .prefault(['1s', '10s'])
          .describe('How long a failed delivery waits before its first, second … further try; the last holds for all that follow.'),
      })
      .prefault({}),
    dead_letter: z
      .strictObject({
        exchange: BrokerName.describe('Direct exchange that takes what could not be stored.'),
        routing_key: BrokerName.nullable().default(null).describe('`error.QUEUE` where null.'),
        queue: BrokerName.nullable().default(null).describe('Queue that keeps it; the routing key where null.'),
      })
      .nullable()
      .default(null)
      .describe('Where deliveries go that failed for good; the queue `QUEUE.dead` where null.'),
  })
  .superRefine((sink, context) => {
    const mistake = (path: (string | number)[], message: string): void => context.addIssue({ code: 'custom', path, message });
    const { queue, buffer, to, columns, deduplicate_by, unknown_fields } = sink;
    if (queue.exchange !== null && queue.exchange_type !== 'fanout' && queue.routing_keys.length === 0) {
      mistake(['queue', 'exchange'], `a ${queue.exchange_type} exchange needs routing_keys.`);
    }
    if (buffer && buffer.capacity < 2 * buffer.max_rows) {
      mistake(['buffer', 'capacity'], `at least twice max_rows is expected: ${2 * buffer.max_rows}.`);
    }
    if (buffer && 'http' in to) mistake(['buffer'], 'an HTTP sink writes one delivery at a time.');
    if (!('http' in to) && Object.keys(columns).length === 0) mistake(['columns'], 'a table needs columns.');
    if (deduplicate_by !== null && !Object.hasOwn(columns, deduplicate_by)) {
      mistake(['deduplicate_by'], `'${deduplicate_by}' is none of the columns.`);
    }
    if (unknown_fields !== 'drop' && Object.hasOwn(columns, unknown_fields.keep)) {
      mistake(['unknown_fields', 'keep'], `'${unknown_fields.keep}' already has a value of its own.`);
    }
    if (sink.each !== null && sink.transform !== null) mistake(['each'], 'a transform makes the rows itself.');
    if ('postgres' in to) {
      to.key.forEach((name, index) => {
        if (!Object.hasOwn(columns, name)) mistake(['to', 'key', index], `'${name}' is none of the columns.`);
      });
    }
  });
export type SinkFile = z.infer<typeof SinkFile>;
