import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Manifest, NodeId, SyncNode } from '../manifest/manifest.ts';
import type { YamlPath } from '../project/parse-yaml.ts';
import type { SyncFile } from '../project/sync-file.ts';
import { resolveColumns } from '../sync/table-columns.ts';
import type { CheckedGraph, TypedColumn } from './checked-graph.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { meantType } from './sync-types.ts';
import { placesIn } from './yaml-places.ts';

/** Columns that a sync names and its relation or its table does not have, and types that PostgreSQL has no counterpart for. */
export function checkSyncs(manifest: Manifest, { relations }: CheckedGraph): readonly Finding[] {
  return [...manifest.nodes.values()].flatMap((node) => {
    const columns = node.kind === 'sync' ? relations.get(node.from)?.columns : undefined;
    return node.kind === 'sync' && columns ? checkSync(node, columns, manifest) : [];
  });
}

/** A column of a sync, and where it is named. */
interface Part {
  readonly sync: SyncFile;
  readonly columns: readonly TypedColumn[];
  readonly path: YamlPath;
}

function checkSync(node: SyncNode, columns: readonly TypedColumn[], manifest: Manifest): readonly Finding[] {
  const { sync } = node;
  const from = relationOf(manifest, node.from);
  const parts: readonly Part[] =
    sync.columns.length > 0
      ? sync.columns.map((column, index) => ({ sync: { ...sync, columns: [column] }, columns, path: ['columns', index] }))
      : columns.map((column) => ({ sync, columns: [column], path: ['from'] }));
  const mistakes = parts.flatMap((part) => {
    try {
      resolveColumns(part.sync, from, part.columns);
      return [];
    } catch (thrown) {
      if (!(thrown instanceof GccflowError)) throw thrown;
      return [{ error: thrown, path: part.path }];
    }
  });
  const published = sync.columns.length > 0 ? sync.columns.map(({ name }) => name) : columns.map(({ name }) => name);
  const all = [...mistakes, ...repeated(node), ...misspelt(node), ...unpublished(node, published), ...unread(node, columns)];
  const placeOf = all.length > 0 ? placesIn(node.file, manifest.projectDir, node.at) : () => node.at;
  return all.map(({ error: { code, message, hint }, path }) =>
    errorFinding(node, new GccflowError(code, message, { at: placeOf(path), hint })),
  );
}

/** Keys and indexes of columns that the table does not get. */
function unpublished({ sync }: SyncNode, published: readonly string[]): readonly Mistake[] {
  const named: readonly (readonly [YamlPath, readonly string[]])[] = [
    [['primary_key'], sync.primary_key],
    [['key'], sync.key],
    ...sync.indexes.map(
      ({ columns, include }, index) =>
        [
          ['indexes', index],
          [...columns, ...include],
        ] as const,
    ),
  ];
  return named.flatMap(([path, names]) =>
    names
      .filter((name) => !published.includes(name))
      .map((name) => {
        const message = `Sync '${sync.name}' names the column '${name}' under '${String(path[0])}', which its table does not have.`;
        const hint = didYouMean(name, published) ?? `The table has ${published.join(', ')}.`;
        return { error: new GccflowError('SYNC_COLUMN_MISSING', message, { hint }), path };
      }),
  );
}

interface Mistake {
  readonly error: GccflowError;
  readonly path: YamlPath;
}

/** Columns that the table would have twice. */
function repeated({ sync }: SyncNode): readonly Mistake[] {
  return sync.columns.flatMap(({ name }, index) => {
    if (sync.columns.findIndex((column) => column.name === name) === index) return [];
    const message = `Sync '${sync.name}' publishes two columns named '${name}'.`;
    return [{ error: new GccflowError('SYNC_COLUMN_MISSING', message, { hint: 'Leave one out.' }), path: ['columns', index] }];
  });
}

/** Types of PostgreSQL with a slip in their name. */
function misspelt({ sync }: SyncNode): readonly Mistake[] {
  return sync.columns.flatMap(({ name, type }, index) => {
    const meant = type === null ? undefined : meantType(type);
    if (meant === undefined) return [];
    const message = `Sync '${sync.name}' gives '${name}' the type '${type}', which PostgreSQL does not have.`;
    return [{ error: new GccflowError('SYNC_TYPE_UNSUPPORTED', message, { hint: `Did you mean '${meant}'?` }), path: ['columns', index] }];
  });
}

/** A watermark is a column of the relation. */
function unread({ sync }: SyncNode, columns: readonly TypedColumn[]): readonly Mistake[] {
  const { watermark } = sync;
  const names = columns.map(({ name }) => name);
  if (watermark === null || names.includes(watermark)) return [];
  const message = `Sync '${sync.name}' reads by the watermark '${watermark}', which its relation does not have.`;
  const hint = didYouMean(watermark, names) ?? `The relation has ${names.join(', ')}.`;
  return [{ error: new GccflowError('SYNC_COLUMN_MISSING', message, { hint }), path: ['watermark'] }];
}

function relationOf({ nodes }: Manifest, id: NodeId) {
  const node = nodes.get(id);
  if (!node || !('relation' in node)) throw new Error(`'${id}' is no relation.`);
  return node.relation;
}
