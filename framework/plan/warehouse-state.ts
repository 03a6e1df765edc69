import type { NodeId } from '../manifest/manifest.ts';
import type { Relation } from '../manifest/relation.ts';
import type { SeedColumn } from '../materializations/seed-column.ts';
import type { PublicationComment } from './publication.ts';

/** What a plan has to know of the warehouse: read once before a run, so that planning is pure. */
export interface WarehouseState {
  readonly capabilities: WarehouseCapabilities;
  /** What stands where nodes publish, by `relationKey`. */
  readonly relations: ReadonlyMap<string, RelationState>;
  /** Columns of seeds in their files' order, for the seeds that were asked for. */
  readonly seedColumns: ReadonlyMap<NodeId, readonly SeedColumn[]>;
}

export interface WarehouseCapabilities {
  /** `CREATE TABLE … CLONE AS …`. */
  readonly cloneAs: boolean;
  /** Databases that exist and whose tables cannot be exchanged with those of another (Ordinary, Memory, Replicated …). */
  readonly databasesWithoutExchange: ReadonlySet<string>;
  readonly version: string;
}

export interface RelationState {
  readonly kind: 'table' | 'view';
  readonly engine: string;
  /** null for a relation that gccflow did not publish. */
  readonly publication: PublicationComment | null;
}

/** A relation as a key of a map. */
export function relationKey({ database, name }: Relation): string {
  return JSON.stringify([database, name]);
}
