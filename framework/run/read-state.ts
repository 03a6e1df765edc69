import { z } from 'zod';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { NodeId } from '../manifest/manifest.ts';
import type { EarlierNode, EarlierState } from '../plan/earlier-state.ts';
import { factsVersion } from '../plan/node-facts.ts';
import { nodeIdOf } from './unique-id.ts';

/** Whatever an older dbt wrote otherwise is as if it were not there. */
const text = z.string().nullish().catch(null);
const texts = z.array(z.string()).catch([]);

const Facts = z.object({
  version: z.literal(factsVersion),
  body: z.string(),
  configs: z.string(),
  contract: z.string(),
  macros: z.string(),
  relation: z.string(),
  persisted_descriptions: z.string(),
});

/** What gccflow adds; that of a unit test stands in its config. */
const OwnMeta = z
  .object({ gccflow: z.object({ kind: text, state: z.unknown() }).nullish().catch(null) })
  .nullish()
  .catch(null);

const Entry = z.object({
  unique_id: z.string(),
  name: z.string(),
  resource_type: text,
  package_name: text,
  original_file_path: text,
  fqn: texts.default([]),
  tags: texts.default([]),
  schema: text,
  alias: text,
  identifier: text,
  relation_name: text,
  config: z.object({ materialized: text, meta: OwnMeta }).nullish().catch(null),
  columns: z
    .record(z.string(), z.object({ name: z.string(), data_type: text }))
    .nullish()
    .catch(null),
  raw_code: text,
  raw_sql: text,
  checksum: z.object({ name: z.string(), checksum: z.string() }).nullish().catch(null),
  depends_on: z
    .object({ nodes: texts.default([]) })
    .nullish()
    .catch(null),
  meta: OwnMeta,
});
type Entry = z.infer<typeof Entry>;

const Entries = z.record(z.string(), z.unknown()).default({});

/** The part of manifest.json that a comparison needs. Every version of dbt's has it. */
const ManifestFile = z.object({
  metadata: z.object({ project_name: text }).default({}),
  nodes: Entries,
  sources: Entries,
  exposures: Entries,
  unit_tests: Entries,
});

const comparedKinds: ReadonlySet<string> = new Set<string>(
  'model seed test snapshot source exposure unit_test sync sink ingest api flow schedule'.split(' '),
);

/** The state that the text of a manifest.json holds, ours or dbt's of any version. `from` is for errors. Throws ARTIFACT_MISSING. */
export function parseState(content: string, from: string): EarlierState {
  const { metadata, nodes, sources, exposures, unit_tests } = parseFile(content, from);
  const entries = [nodes, sources, exposures, unit_tests]
    .flatMap((section) => Object.values(section))
    .flatMap((entry) => Entry.safeParse(entry).data ?? [])
    .filter(({ package_name }) => !package_name || !metadata.project_name || package_name === metadata.project_name)
    .filter((entry) => comparedKinds.has(kindOf(entry)));
  return {
    from,
    nodes: new Map(entries.map((entry) => [nodeIdOf(entry.unique_id), readEntry(entry)])),
    parents: new Map(entries.map(({ unique_id, depends_on }) => [nodeIdOf(unique_id), (depends_on?.nodes ?? []).map(nodeIdOf)])),
  };
}

function readEntry(entry: Entry): EarlierNode {
  const id: NodeId = nodeIdOf(entry.unique_id);
  return {
    id,
    kind: kindOf(entry),
    name: entry.name,
    fqn: entry.fqn,
    file: entry.original_file_path ?? '',
    tags: entry.tags,
    relation: relationOf(entry),
    columns: new Map(Object.values(entry.columns ?? {}).map(({ name, data_type }) => [name, data_type ?? null])),
    facts: Facts.safeParse((entry.meta ?? entry.config?.meta)?.gccflow?.state).data ?? null,
    rawCode: entry.raw_code ?? entry.raw_sql ?? null,
    contentHash: entry.resource_type === 'seed' && entry.checksum?.name === 'sha256' ? entry.checksum.checksum : null,
  };
}

/** What dbt has no word for is an exposure that names its kind. */
function kindOf({ meta, resource_type }: Entry): string {
  return meta?.gccflow?.kind ?? resource_type ?? '';
}

function relationOf({ resource_type, config, schema, alias, identifier, name }: Entry): EarlierNode['relation'] {
  const isBuilt = ['model', 'seed', 'snapshot'].includes(resource_type ?? '') && config?.materialized !== 'ephemeral';
  if (!schema || (!isBuilt && resource_type !== 'source')) return null;
  return { database: schema, name: alias ?? identifier ?? name };
}

function parseFile(content: string, from: string): z.infer<typeof ManifestFile> {
  try {
    return ManifestFile.parse(JSON.parse(content));
  } catch (error) {
    const reason = error instanceof z.ZodError ? 'it is no manifest' : messageOf(error);
    throw new GccflowError('ARTIFACT_MISSING', `'${from}' cannot be read: ${reason}.`, {
      hint: 'Any run leaves a whole one in target/; copy that.',
      cause: error,
    });
  }
}
