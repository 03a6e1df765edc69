import { z } from 'zod';
import { BrokerName, Texts } from './broker-names.ts';
import { DurationValue } from './duration-value.ts';
import { FieldType } from './field-type.ts';
import { LimitEntry } from './limit-entry.ts';
import { SizeValue } from './size-value.ts';

const flowName = /^[a-z][a-z0-9_]*$/;

/** A field of a record, as templates and expressions can name it. */
const FieldName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name of letters, digits and _ is expected');

/** Texts in which `{name}` stands for a param; those of steps may name `record.x`, `page.x` and `params.x` as well. */
const Template = z.string().min(1);
const PathTemplate = Template.regex(/^\//, 'a path that begins with / is expected');

/** A path in JSON, or any other JSONata expression. */
const Expression = z.string().min(1);

const Retrieve = z.strictObject({
  api: Texts.refine((names) => names.length > 0, 'the name of an API is expected.').describe(
    'APIs in the order of preference: one that has no usable credential, is at its limit or fails is skipped.',
  ),
  method: z.enum(['GET', 'POST']).default('GET'),
  path: PathTemplate.describe('e.g. `/v18.0/{handle}`; values are percent-encoded.'),
  paths: z.record(z.string(), PathTemplate).default({}).describe('Path of those APIs that have another one.'),
  query: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe('A parameter whose template names a param that is missing is left out.'),
  headers: z.record(z.string(), Template).default({}),
  body: z.json().optional().describe('Sent as JSON; texts in it are templates.'),
});

const Mapping = z.strictObject({
  each: Expression.nullable()
    .default(null)
    .describe('What of the body is the list of records, e.g. `data.items`; the body is one record where null.'),
  fields: z
    .record(z.string(), Expression)
    .describe('Fields of a record: JSONata on each element; `$params`, `$api` and `$body` are known.'),
  page: z
    .record(z.string(), Expression)
    .default({})
    .describe('What is of the answer as a whole, e.g. `next: paging.cursors.after`; what is null counts as missing.'),
});

const When = Expression.nullable()
  .default(null)
  .describe('JSONata on `record`, `page` and `params`: the step is for records for which it is true.');

const Upsert = z.strictObject({
  upsert: z.strictObject({
    table: z.string().min(1).describe('PostgreSQL table, as `schema.table`; in `public` where no schema is named.'),
    key: Texts.refine((key) => key.length > 0, 'a column is expected.').describe(
      'Columns that identify a row: one that is there is updated.',
    ),
    columns: z
      .record(z.string(), Expression)
      .nullable()
      .default(null)
      .describe(
        'Columns and where their values are; all fields of the record under their own names where null: those of `output`, else those that the records of an answer have.',
      ),
    newer_by: z
      .string()
      .nullable()
      .default(null)
      .describe('Column with a time or number: a row that is there is only replaced by one that is not older.'),
    create: z.boolean().default(false).describe('Create the table from `output` where it is missing.'),
  }),
  when: When,
});

const EmitDetails = z.strictObject({
  routing_key: BrokerName,
  exchange: BrokerName.nullable().default(null).describe('Where null, the exchange of the one sink that is bound by the routing key.'),
  body: z
    .record(z.string(), z.json())
    .nullable()
    .default(null)
    .describe(
      'Fields of the event, JSONata in texts; the record where null. `event_id`, `source`, `platform` and `event_timestamp` are added where they are missing.',
    ),
});

const Emit = z.strictObject({
  emit: z.union([
    z
      .string()
      .min(1)
      .transform((key) => EmitDetails.parse({ routing_key: key })),
    EmitDetails,
  ]),
  when: When,
});

const Upload = z.strictObject({
  upload: z.strictObject({
    url: Expression.describe('JSONata that gives the URL; a record without one is passed over.'),
    entity_type: Template.describe('e.g. `profile`.'),
    entity_id: Expression,
    platform: Expression.default('params.platform'),
    as: FieldName.nullable().default(null).describe('Field of the record that gets the public address, for the steps behind.'),
    max_size: SizeValue.prefault('25MB'),
    hosts: Texts.default([]).describe('Only these hosts and those below them, e.g. `cdninstagram.com`; any public one where empty.'),
  }),
  when: When,
});

const Enqueue = z.strictObject({
  enqueue: z.strictObject({
    flow: z.string().regex(flowName),
    params: z
      .record(z.string(), z.json())
      .describe('Texts are JSONata on `record`, `page` and `params`; one that gives nothing leaves the param out.'),
    once: z.boolean().default(false).describe('One task for the answer, not one for each record: for the next page.'),
    priority: z.int().min(-32_768).max(32_767).nullable().default(null),
    delay: DurationValue.nullable().default(null),
  }),
  when: When,
});

const Http = z.strictObject({
  http: z.strictObject({
    api: z.string().min(1),
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
    path: PathTemplate,
    body: z.json().optional().describe('Texts are JSONata; the record where nothing is said.'),
    as: FieldName.nullable().default(null).describe('Field of the record that gets the answer, for the steps behind.'),
  }),
  when: When,
});

const Run = z.strictObject({
  run: z.string().min(1).describe('TypeScript module, relative to this file, whose default export is the step.'),
  when: When,
});

/** One thing that is done with the records of a task. */
export const FlowStep = z.union([Upsert, Emit, Upload, Enqueue, Http, Run]);
export type FlowStep = z.infer<typeof FlowStep>;
export type UpsertStep = z.infer<typeof Upsert>['upsert'];
export type EmitStep = z.infer<typeof EmitDetails>;
export type UploadStep = z.infer<typeof Upload>['upload'];
export type EnqueueStep = z.infer<typeof Enqueue>['enqueue'];
export type HttpStep = z.infer<typeof Http>['http'];
export type FlowMapping = z.infer<typeof Mapping>;
export type FlowRetrieve = z.infer<typeof Retrieve>;

/** A named scrape workflow: what it retrieves, what it makes of it, and how much of it may run at once. */
export const FlowFile = z.strictObject({
  kind: z.literal('flow'),
  name: z.string().regex(flowName, 'a name like refresh_profile_by_handle is expected').describe('Node name, unique in the project.'),
  description: z.string().default(''),
  enabled: z.boolean().default(true),
  tags: Texts.default([]),
  meta: z.record(z.string(), z.unknown()).default({}),
  workers: z.int().min(1).max(50).default(1).describe('Processes, where the target says `workers: declared`;'),
  concurrency: z.int().min(1).max(500).default(5).describe('tasks that each of them runs at once.'),
  params: z
    .record(z.string().regex(/^[a-z][a-z0-9_]*$/), FieldType)
    .default({})
    .describe('What a task is about. Tasks with other params are refused when they are queued.'),
  max_params: SizeValue.prefault('64KB').describe('Size of the params of a task as JSON, at most.'),
  limits: z
    .array(LimitEntry)
    .default([])
    .describe('Of every call of `retrieve` and of the `http` of steps, besides those of the API: all are taken or none.'),
  max_wait: DurationValue.prefault('2s').describe(
    'How long a task waits in place for its limits; for longer it is given back to the queue, uncharged.',
  ),
  retrieve: Retrieve.nullable().default(null).describe('The call that a task begins with; a flow without has one record, its params.'),
  parse: z
    .union([z.string().min(1), Mapping])
    .nullable()
    .default(null)
    .describe('What records the answer holds: a TypeScript module, relative to this file, or a mapping. The body as it is where null.'),
  output: z
    .record(FieldName, FieldType)
    .nullable()
    .default(null)
    .describe('Fields of a record. One that does not fit fails the task, and names the path.'),
  process: z
    .array(FlowStep)
    .default([])
    .describe(
      'What is done with the records, in order: uploads and calls first, then all that is written, in one transaction with the end of the task.',
    ),
  retry: z
    .strictObject({
      attempts: z.int().min(1).max(100).default(3).describe('Attempts until a task ends FAILED.'),
      backoff: DurationValue.prefault('10s').describe(
        'Wait before the second attempt; doubles for each further one, up to an hour, and is random between half and the whole.',
      ),
    })
    .prefault({}),
  lease: DurationValue.refine((ms) => ms >= 5000, 'at least 5s are expected.')
    .prefault('60s')
    .describe('How long a task belongs to a worker that is not heard of; then it is due again.'),
  timeout: DurationValue.prefault('5m').describe('How long one attempt may take.'),
  priority: z.int().min(-32_768).max(32_767).default(0).describe('Of tasks that are queued without one: higher first.'),
  expires_in: DurationValue.nullable().default(null).describe('Tasks that were not started by then end EXPIRED; never where null.'),
  account: Template.nullable()
    .default(null)
    .describe('Whose task it is, e.g. `{account_id}`: tasks of one account do not hold up those of others.'),
  unique: Texts.default([]).describe('Params: of tasks that have the same values of them, one at a time is queued or running.'),
  serve: z
    .strictObject({
      path: z
        .string()
        .regex(
          /^\/([\w.-]+|\{[a-z][a-z0-9_]*\})(\/([\w.-]+|\{[a-z][a-z0-9_]*\}))*$/,
          'a path like /profiles/instagram/byhandle/{handle} is expected',
        ),
      params: z.record(z.string(), z.json()).default({}).describe('Params that do not stand in the path.'),
      max_wait: DurationValue.prefault('10s').describe('How long a request waits for its limits; then 429.'),
    })
    .nullable()
    .default(null)
    .describe('Runs a task for each GET request and answers with its records, under `gccflow serve scrape`.'),
});
export type FlowFile = z.infer<typeof FlowFile>;
