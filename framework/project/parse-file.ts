import type { z } from 'zod';
import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { locate, type Position, positionOf, startOf } from '../foundation/location.ts';
import { ApiFile } from './api-file.ts';
import { checkApi, namedApi } from './check-api.ts';
import { checkFlow } from './check-flow.ts';
import { checkFreshness } from './check-freshness.ts';
import { checkShape } from './check-shape.ts';
import { type Env, expandEnv, readsEnv } from './expand-env.ts';
import { FlowFile } from './flow-file.ts';
import { IngestFile } from './ingest-file.ts';
import { type Column, type ColumnEntry, ModelsFile, SeedsFile } from './models-file.ts';
import { nameFile } from './name-file.ts';
import { type ParsedTemplate, parseTemplate } from './parse-template.ts';
import { parseYaml, type YamlDocument, type YamlPath } from './parse-yaml.ts';
import { placeFlow } from './place-flow.ts';
import { ModelConfigEntry, type PlacedConfig, placeConfig, readConfigCalls } from './placed-config.ts';
import type { Api, Exposure, Flow, Ingest, NodeProperties, Schedule, Sink, SourceTable, Sync } from './project.ts';
import { readUnitTests } from './read-unit-tests.ts';
import { ScheduleFile } from './schedule-file.ts';
import { SinkFile } from './sink-file.ts';
import { soundPart } from './sound-part.ts';
import { SourceFile } from './source-file.ts';
import { findStatements } from './sql-statements.ts';
import { SyncFile } from './sync-file.ts';
import type { TemplateBody } from './template-body.ts';
import type { TestConfig } from './test-config.ts';
import { readTests, TestConfigEntry, type TestDeclaration } from './test-entry.ts';
import type { UnitTest } from './unit-test.ts';
import { readWritten, type Written } from './written.ts';

/** What one file declares. Plain data, so that it can be cached; what follows from the file's path is left out. */
export type FileContent = DeclaredContent & { readonly written?: Written };

type DeclaredContent =
  | { readonly kind: 'model'; readonly template: TemplateBody; readonly config: PlacedConfig }
  | { readonly kind: 'test'; readonly template: TemplateBody; readonly config: PlacedConfig<TestConfig> }
  | { readonly kind: 'macro'; readonly template: TemplateBody }
  | {
      readonly kind: 'properties';
      readonly properties: readonly NodeProperties[];
      readonly exposures: readonly Exposure[];
      readonly unitTests: readonly UnitTest[];
    }
  | { readonly kind: 'sources'; readonly tables: readonly SourceTable[] }
  | { readonly kind: 'seed'; readonly contentHash: string }
  | { readonly kind: 'sync'; readonly sync: Sync }
  | { readonly kind: 'sink'; readonly sink: Sink }
  | { readonly kind: 'ingest'; readonly ingest: Ingest }
  | { readonly kind: 'api'; readonly api: Api }
  | { readonly kind: 'flow'; readonly flow: Flow }
  | { readonly kind: 'schedule'; readonly schedule: Schedule };

/** Reads a model's `.sql` file. One that does not parse is still a model of its name, so that what refers to it is no mistake too. */
export function parseModelFile(file: string, text: string, diagnostics: Diagnostics): FileContent {
  const parsed = parseTemplate(text, startOf(file), diagnostics);
  if (!parsed) return unreadModel(file);
  checkStatements(parsed, `The model '${nameFile(file, 'models').name}'`, diagnostics);
  const config = readConfigCalls(file, parsed.template.configs, ModelConfigEntry, diagnostics);
  return { kind: 'model', template: bodyOf(parsed), config };
}

/** A model of which no more is known than its name. */
export function unreadModel(file: string): FileContent {
  return { kind: 'model', template: { text: '' }, config: { file, values: {}, at: {} } };
}

/** Reads a test's `.sql` file; null after reporting. */
export function parseTestFile(file: string, root: string, text: string, diagnostics: Diagnostics): FileContent | null {
  const parsed = parseTemplate(text, startOf(file), diagnostics);
  if (!parsed) return null;
  checkStatements(parsed, `The test '${nameFile(file, root).name}'`, diagnostics);
  const config = readConfigCalls(file, parsed.template.configs, TestConfigEntry, diagnostics);
  return { kind: 'test', template: bodyOf(parsed), config };
}

/** Reads a macro's `.hbs` file; null after reporting. */
export function parseMacroFile(file: string, text: string, diagnostics: Diagnostics): FileContent | null {
  const parsed = parseTemplate(text, startOf(file), diagnostics);
  return parsed && { kind: 'macro', template: bodyOf(parsed) };
}

/** Reads a YAML file by its `kind:`; null after reporting. */
export function parseYamlFile(file: string, text: string, env: Env, diagnostics: Diagnostics): FileContent | null {
  const document = parseYaml(text, file, diagnostics);
  if (!document) return null;
  const written = readWritten(document.value);
  if (readsEnv(text)) document.expand(expandEnv(env, diagnostics));
  if (text.includes('unit_tests')) document.keepDigits('rows');
  const { value } = document;
  const kind = value !== null && typeof value === 'object' ? Reflect.get(value, 'kind') : undefined;
  const parse = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind as keyof typeof kinds] : undefined;
  const content = parse && readDocument(parse, document, diagnostics);
  if (parse) return content ? { ...content, written } : null;
  const known = Object.keys(kinds);
  const hint =
    (typeof kind === 'string' ? didYouMean(kind, known) : undefined) ??
    `Begin the file with one of: ${known.map((name) => `kind: ${name}`).join(', ')}.`;
  const message = kind === undefined ? "The file has no 'kind:'." : `'${String(kind)}' is no kind of file.`;
  diagnostics.report(new GccflowError('VALUE_INVALID', message, { at: document.at(['kind']), hint }));
  return null;
}

/** A kind of file: the shape of its YAML, and what a value of that shape declares. */
interface Kind<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  readonly read: (value: z.output<Schema>, document: YamlDocument, diagnostics: Diagnostics) => FileContent;
  /** What is left where not even a part of the document is sound. */
  readonly rest: (document: YamlDocument) => FileContent | null;
}

/** What a document declares; after a mistake in its shape, what the sound part of it does. */
function readDocument({ schema, read, rest: left }: Kind, document: YamlDocument, diagnostics: Diagnostics): FileContent | null {
  const value = checkShape(schema, document.value, document, diagnostics);
  if (value !== null) return read(value, document, diagnostics);
  const sound = soundPart(schema, document);
  const rest = sound && checkShape(schema, sound.value, sound, diagnostics);
  return sound && rest !== null ? read(rest, sound, diagnostics) : left(document);
}

/** Forgets the kind's own types, so that kinds fit in one table. */
function kindOf<Schema extends z.ZodType>(schema: Schema, read: Kind<Schema>['read'], rest: Kind['rest'] = () => null): Kind {
  return { schema, read: read as Kind['read'], rest };
}

const kinds = {
  source: kindOf(SourceFile, readSources),
  seeds: kindOf(SeedsFile, ({ seeds }, document, diagnostics) => ({
    kind: 'properties',
    properties: readProperties('seed', seeds, document, ['seeds'], diagnostics),
    exposures: [],
    unitTests: [],
  })),
  models: kindOf(ModelsFile, (read, document, diagnostics) => {
    const exposures = read.exposures.map((entry, index) => ({
      entry,
      at: document.at(['exposures', index, 'name']),
      dependsOnAt: entry.depends_on.map((_name, nth) => document.at(['exposures', index, 'depends_on', nth])),
    }));
    const properties = readProperties('model', read.models, document, ['models'], diagnostics);
    return { kind: 'properties', properties, exposures, unitTests: readUnitTests(read.unit_tests, document, diagnostics) };
  }),
  sync: kindOf(SyncFile, (sync, document) => ({ kind: 'sync', sync: { sync, at: document.at(['name']), fromAt: document.at(['from']) } })),
  sink: kindOf(SinkFile, (sink, document) => ({
    kind: 'sink',
    sink: { sink, at: document.at(['name']), queueAt: document.at(['queue']), transformAt: document.at(['transform']) },
  })),
  ingest: kindOf(IngestFile, (ingest, document) => ({
    kind: 'ingest',
    ingest: { ingest, at: document.at(['name']), protoAt: document.at(['grpc', 'proto']), tlsAt: document.at(['tls']) },
  })),
  api: kindOf(
    ApiFile,
    (api, document, diagnostics) => {
      checkApi(api, document, diagnostics);
      return { kind: 'api', api: { api, at: document.at(['name']) } };
    },
    (document) => {
      const api = namedApi(document);
      return api && { kind: 'api', api: { api, at: document.at(['name']) } };
    },
  ),
  flow: kindOf(FlowFile, (flow, document, diagnostics) => {
    checkFlow(flow, document, diagnostics);
    return { kind: 'flow', flow: placeFlow(flow, document) };
  }),
  schedule: kindOf(ScheduleFile, (schedule, document) => ({
    kind: 'schedule',
    schedule: {
      schedule,
      at: document.at(['name']),
      cronAt: document.at(['cron']),
      timezoneAt: document.at(['timezone']),
      commandAt: document.at(['command']),
    },
  })),
};

function readProperties(
  of: NodeProperties['of'],
  entries: z.infer<typeof ModelsFile>['models'],
  document: YamlDocument,
  path: YamlPath,
  diagnostics: Diagnostics,
): NodeProperties[] {
  return entries.map((entry, index) => ({
    of,
    name: entry.name,
    file: document.file,
    at: positionOf(document.at([...path, index, 'name'])),
    description: entry.description,
    config: placeConfig(entry.config, document, [...path, index, 'config']),
    columns: entry.columns.map((column, at) => columnOf(column, document, [...path, index, 'columns', at])),
    constraints: entry.constraints,
    tests: readAllTests(entry, document, [...path, index], diagnostics),
  }));
}

function readSources(read: SourceFile, document: YamlDocument, diagnostics: Diagnostics): FileContent {
  checkFreshness(read, document, diagnostics);
  const tables = read.tables.map((table, index): SourceTable => {
    const freshness = table.freshness === undefined ? read.freshness : table.freshness;
    const loaded = table.loaded_at === undefined && table.loaded_at_query === undefined ? read : table;
    return {
      source: read.name,
      sourceDescription: read.description,
      table: table.name,
      at: document.at(['tables', index, 'name']),
      database: read.database ?? read.name,
      identifier: table.identifier ?? table.name,
      description: table.description,
      loadedAt: loaded.loaded_at ?? null,
      loadedAtQuery: loaded.loaded_at_query ?? null,
      freshness: freshness && { warnAfterMs: freshness.warn_after, errorAfterMs: freshness.error_after, filter: freshness.filter },
      tags: [...new Set([...read.tags, ...table.tags])],
      meta: { ...read.meta, ...table.meta },
      columns: table.columns.map((column, at) => columnOf(column, document, ['tables', index, 'columns', at])),
      tests: readAllTests(table, document, ['tables', index], diagnostics),
    };
  });
  return { kind: 'sources', tables };
}

function columnOf(
  { name, type, data_type, description, tags, meta, constraints }: ColumnEntry,
  document: YamlDocument,
  path: YamlPath,
): Column {
  const at = positionOf(document.at([...path, 'name']));
  return { name, at, type: type ?? data_type ?? null, description, tags, meta, constraints };
}

interface Tested {
  readonly tests?: z.infer<typeof ModelsFile>['models'][number]['tests'];
  readonly data_tests?: Tested['tests'];
}

/** The tests of an entry, then those of its columns, in the file's order. */
function readAllTests(
  entry: Tested & { readonly columns: readonly ColumnEntry[] },
  document: YamlDocument,
  path: YamlPath,
  diagnostics: Diagnostics,
): TestDeclaration[] {
  const read = (tested: Tested, column: string | null, below: YamlPath): TestDeclaration[] =>
    (['tests', 'data_tests'] as const).flatMap((key) => readTests(tested[key] ?? [], column, [...below, key], document, diagnostics));
  return [...read(entry, null, path), ...entry.columns.flatMap((column, index) => read(column, column.name, [...path, 'columns', index]))];
}

/** The config has been read from the calls by now; they would only be kept twice. */
function bodyOf({ template }: ParsedTemplate): TemplateBody {
  const { text, file: _file, start: _start, configs: _configs, ...calls } = template;
  return { text, ...Object.fromEntries(Object.entries(calls).filter(([, list]) => list.length > 0)) };
}

/** Reports MODEL_STATEMENTS unless the file holds exactly one statement. */
function checkStatements({ pieces, template }: ParsedTemplate, subject: string, diagnostics: Diagnostics): void {
  const sql = pieces.map(({ text }) => text).join('');
  if (/^\s*\w/.test(sql) && !sql.includes(';')) return; // nearly every file: its tokens need not be told apart
  const [first, second] = findStatements(sql);
  if (first && !second) return;
  const message = second ? `${subject} holds more than one statement.` : `${subject} holds no statement.`;
  const at = locate(template.file, second ? placeOf(second.start, pieces) : startOf(template.file));
  const hint = second ? 'Keep one SELECT in the file; other statements belong into pre_hook and post_hook.' : 'Write one SELECT.';
  diagnostics.report(new GccflowError('MODEL_STATEMENTS', message, { at, hint }));
}

function placeOf(offset: number, pieces: ParsedTemplate['pieces']): Position {
  let left = offset;
  for (const { text, at } of pieces) {
    if (left < text.length) {
      const lines = text.slice(0, left).split('\n');
      const last = lines.at(-1)?.length ?? 0;
      return { line: at.line + lines.length - 1, column: lines.length === 1 ? at.column + last : last + 1 };
    }
    left -= text.length;
  }
  return { line: 1, column: 1 };
}
