import { z } from 'zod';
import { ModelsFile, SeedsFile } from './models-file.ts';
import { ProjectFile } from './project-file.ts';
import { SelectorsFile } from './selectors-file.ts';
import { SourceFile } from './source-file.ts';
import { SyncFile } from './sync-file.ts';

const kinds = { project: ProjectFile, source: SourceFile, seeds: SeedsFile, models: ModelsFile, sync: SyncFile, selectors: SelectorsFile };

/** Where the schemas are kept, relative to the repository. */
export const schemasDir = 'framework/project/schemas';

/** The JSON Schema of every YAML file kind, as `project.json` → text. Pure: the same code gives the same texts. */
export function jsonSchemas(): ReadonlyMap<string, string> {
  return new Map(Object.entries(kinds).map(([kind, schema]) => [`${kind}.json`, `${JSON.stringify(toJsonSchema(schema), null, 2)}\n`]));
}

/** What an editor checks is what the user writes: inputs, before defaults and durations are read. */
function toJsonSchema(schema: z.ZodType): unknown {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any', reused: 'ref' });
}
