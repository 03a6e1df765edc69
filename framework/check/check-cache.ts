import { join } from 'node:path';
import { engineVersion } from '../connections/embedded-engine.ts';
import { digestOf } from '../foundation/digest.ts';
import type { ModelNode, NodeId } from '../manifest/manifest.ts';
import { codeVersion, readSealedFile, type SealedFile, writeSealedFile } from '../project/sealed-file.ts';
import type { TypedColumn } from './checked-graph.ts';

interface Entry {
  readonly key: string;
  /** Of `TemplateKeys`; null where it has none. */
  readonly template?: string | null;
  readonly columns: readonly TypedColumn[];
}

const name = 'check-cache.json';
const nodesPerLine = 500;
/** Folders of the code that says what is a mistake. */
const rooms = ['check', 'foundation', 'manifest', 'materializations', 'plan', 'project', 'run', 'sync'].map((room) =>
  join(import.meta.dirname, '..', room),
);

/**
 * What the last check found of each node that had no mistake. An entry counts while its key is the same, which holds all that its columns
 * depend on. A cache that is damaged, of another version or absent is an empty one; it is replaced whole or not at all.
 */
export class CheckCache {
  readonly #file: SealedFile | null;
  readonly #before: ReadonlyMap<string, Entry>;
  readonly #now = new Map<NodeId, Entry>();

  private constructor(file: SealedFile | null, before: ReadonlyMap<string, Entry>) {
    this.#file = file;
    this.#before = before;
  }

  /** The cache of a project, as the ClickHouse that checks fills it. */
  static of({ dir }: { readonly dir: string }): CheckCache {
    return CheckCache.read(join(dir, '.gccflow', 'cache'), engineVersion());
  }

  /** The cache in a folder. `engineVersion`: of the ClickHouse that checks. */
  static read(dir: string, engineVersion: string): CheckCache {
    const file = { dir, name, version: `${engineVersion} ${codeVersion(rooms)}` };
    const before = new Map<string, Entry>();
    for (const line of readSealedFile(file) ?? []) for (const [id, entry] of JSON.parse(line) as [string, Entry][]) before.set(id, entry);
    return new CheckCache(file, before);
  }

  /** A cache that knows nothing and keeps nothing. */
  static none(): CheckCache {
    return new CheckCache(null, new Map());
  }

  /** Columns of a node that is as it was. */
  find(id: NodeId, key: string): readonly TypedColumn[] | undefined {
    const entry = this.#before.get(id);
    return entry?.key === key ? entry.columns : undefined;
  }

  /** Keeps what is known of a model whose template is as it was, and gives back its columns. */
  keepTemplate(id: NodeId, template: string): readonly TypedColumn[] | undefined {
    const entry = this.#before.get(id);
    if (entry?.template !== template) return undefined;
    this.#now.set(id, entry);
    return entry.columns;
  }

  has(id: NodeId): boolean {
    return this.#before.has(id);
  }

  /** What a node returned at the last check, whatever has changed since. */
  columnsOf(id: NodeId): readonly TypedColumn[] | undefined {
    return this.#before.get(id)?.columns;
  }

  keep(id: NodeId, key: string, columns: readonly TypedColumn[], template: string | null = null): void {
    this.#now.set(id, { key, columns, template });
  }

  /** Nodes of a mistake are checked again until they have none; what they returned before is still remembered. */
  forget(isFaulty: (id: NodeId) => boolean): void {
    for (const id of this.#now.keys()) if (isFaulty(id)) this.#now.delete(id);
  }

  /** Replaces the file, where anything is different. `isNode`: whether the graph still has a node. */
  write(isNode: (id: NodeId) => boolean): void {
    if (this.#file === null) return;
    const old = [...this.#before].filter(([id]) => isNode(id as NodeId) && !this.#now.has(id as NodeId));
    const stale = old.map(([id, { columns }]) => [id, { key: '', columns }] as const); // not what it was, or not asked about
    const entries: (readonly [string, Entry])[] = [...this.#now, ...stale];
    const isSame =
      entries.length === this.#before.size &&
      entries.every(([id, { key, template }]) => this.#before.get(id)?.key === key && this.#before.get(id)?.template === template);
    if (!isSame) writeSealedFile(this.#file, linesOf(entries));
  }
}

function* linesOf(entries: readonly (readonly [string, Entry])[]): Generator<string> {
  for (let first = 0; first < entries.length; first += nodesPerLine) yield JSON.stringify(entries.slice(first, first + nodesPerLine));
}

/** One text for all that something depends on. */
export function keyOf(parts: unknown): string {
  return digestOf('md5', JSON.stringify(parts));
}

/** What of a model's config its table is made by. */
export function layoutOf({ config }: ModelNode): unknown {
  const { materialized, engine, order_by, primary_key, partition_by, ttl, settings, query_settings, codecs, indexes, projections } = config;
  return [materialized, engine, order_by, primary_key, partition_by, ttl, settings, query_settings, codecs, indexes, projections];
}
