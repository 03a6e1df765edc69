import { join } from 'node:path';
import type { NodeId } from '../../manifest/manifest.ts';
import { codeVersion, readSealedFile, type SealedFile, writeSealedFile } from '../../project/sealed-file.ts';
import type { ModelReading } from './model-reading.ts';

interface Entry {
  readonly key: string;
  readonly reading: ModelReading;
}

const name = 'lineage-cache.json';
const modelsPerLine = 100;
/** The folder of the code that reads. */
const room = join(import.meta.dirname, '..');

/**
 * What was read of models before. An entry counts while its key is the same. A cache that is damaged, of another version or absent is an
 * empty one; it is replaced whole or not at all.
 */
export class ReadingCache {
  readonly #file: SealedFile | null;
  readonly #before: ReadonlyMap<string, Entry>;
  readonly #now = new Map<NodeId, Entry>();

  private constructor(file: SealedFile | null, before: ReadonlyMap<string, Entry>) {
    this.#file = file;
    this.#before = before;
  }

  /** The cache in a folder. `engineVersion`: of the ClickHouse that explains. */
  static read(dir: string, engineVersion: string): ReadingCache {
    const file = { dir, name, version: `${engineVersion} ${codeVersion([room])}` };
    const before = new Map<string, Entry>();
    for (const line of readSealedFile(file) ?? []) for (const [id, entry] of JSON.parse(line) as [string, Entry][]) before.set(id, entry);
    return new ReadingCache(file, before);
  }

  /** A cache that knows nothing and keeps nothing. */
  static none(): ReadingCache {
    return new ReadingCache(null, new Map());
  }

  find(id: NodeId, key: string): ModelReading | undefined {
    const entry = this.#before.get(id);
    if (entry?.key !== key) return undefined;
    this.#now.set(id, entry);
    return entry.reading;
  }

  keep(id: NodeId, key: string, reading: ModelReading): void {
    this.#now.set(id, { key, reading });
  }

  /** Replaces the file, where anything is different. `isNode`: whether the graph still has a node. */
  write(isNode: (id: NodeId) => boolean): void {
    if (this.#file === null) return;
    const old = [...this.#before].filter(([id]) => isNode(id as NodeId) && !this.#now.has(id as NodeId)); // not asked about this time
    const entries: (readonly [string, Entry])[] = [...this.#now, ...old];
    const isSame = entries.length === this.#before.size && entries.every(([id, entry]) => this.#before.get(id) === entry);
    if (!isSame) writeSealedFile(this.#file, linesOf(entries));
  }
}

function* linesOf(entries: readonly (readonly [string, Entry])[]): Generator<string> {
  for (let first = 0; first < entries.length; first += modelsPerLine) yield JSON.stringify(entries.slice(first, first + modelsPerLine));
}
