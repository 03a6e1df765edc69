import { z } from 'zod';
import { ApiFile } from './api-file.ts';
import { FlowFile } from './flow-file.ts';
import { IngestFile } from './ingest-file.ts';
import { ModelConfig } from './model-config.ts';
import { ModelsFile, SeedsFile } from './models-file.ts';
import { partialOf } from './partial-of.ts';
import { FolderTree, ProjectFile, TestFolderTree } from './project-file.ts';
import { ScheduleFile } from './schedule-file.ts';
import { SelectorsFile } from './selectors-file.ts';
import { SinkFile } from './sink-file.ts';
import { SourceFile } from './source-file.ts';
import { SyncFile } from './sync-file.ts';
import { TestConfig } from './test-config.ts';

const kinds = {
  project: ProjectFile,
  source: SourceFile,
  seeds: SeedsFile,
  models: ModelsFile,
  sync: SyncFile,
  sink: SinkFile,
  ingest: IngestFile,
  api: ApiFile,
  flow: FlowFile,
  schedule: ScheduleFile,
  selectors: SelectorsFile,
};

/** Where the schemas are kept, relative to the repository. */
export const schemasDir = 'framework/project/schemas';

/** The JSON Schema of every YAML file kind, as `project.json` → text. Pure: the same code gives the same texts. */
export function jsonSchemas(): ReadonlyMap<string, string> {
  return new Map(Object.entries(kinds).map(([kind, schema]) => [`${kind}.json`, `${JSON.stringify(toJsonSchema(schema), null, 2)}\n`]));
}

/** What an editor checks is what the user writes: inputs, before defaults and durations are read. */
function toJsonSchema(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  const json = z.toJSONSchema(schema, {
    ...asWritten,
    reused: 'ref',
    override({ zodSchema, jsonSchema }) {
      const name = trees.get(zodSchema)?.name;
      if (name === undefined) return;
      delete jsonSchema.additionalProperties;
      delete jsonSchema.propertyNames;
      delete jsonSchema.type;
      jsonSchema.allOf = [{ $ref: `#/definitions/${name}` }]; // draft 7 ignores what stands beside a bare $ref
    },
  });
  return schema === ProjectFile ? { ...json, definitions: { ...(json.definitions as object), ...treeDefinitions() } } : json;
}

const asWritten = { io: 'input', target: 'draft-7', unrepresentable: 'any' } as const;

/** Trees of project.yaml, and what may be configured in them. */
const trees = new Map<z.core.$ZodType, { readonly name: string; readonly config: z.ZodType }>([
  [FolderTree, { name: 'models', config: partialOf(ModelConfig) }],
  [TestFolderTree, { name: 'tests', config: partialOf(TestConfig) }],
]);

/** In each folder of a tree: config keys, the same with `+`, and further folders. */
function treeDefinitions(): NonNullable<z.core.JSONSchema.BaseSchema['definitions']> {
  const definitions = [...trees.values()].map(({ name, config }) => {
    const keys = Object.entries(z.toJSONSchema(config, asWritten).properties ?? {});
    const properties: Record<string, z.core.JSONSchema._JSONSchema> = Object.fromEntries([
      ...keys,
      ...keys.map(([key]) => [`+${key}`, { $ref: `#/definitions/${name}/properties/${key}` }] as const),
    ]);
    return [name, { type: 'object' as const, properties, additionalProperties: { $ref: `#/definitions/${name}` } }] as const;
  });
  return Object.fromEntries(definitions);
}
