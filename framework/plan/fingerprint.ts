import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import type { SeedColumn } from '../materializations/seed-column.ts';
import type { ModelConfig } from '../project/model-config.ts';
import { shortHash } from './publication.ts';

/** Tells apart configs that would lay a table out differently. */
export function layoutOf(config: ModelConfig): string {
  const { engine, order_by, primary_key, partition_by, ttl, settings, indexes, projections, codecs } = config;
  return shortHash(JSON.stringify([engine, order_by, primary_key, partition_by, ttl, settings, indexes, projections, codecs]));
}

/** Tells apart materialized views: what they select, how their table is laid out, and when they run. */
export function viewFingerprint({ config }: ModelNode, sql: string): string {
  return shortHash(JSON.stringify([sql, layoutOf(config), config.refresh]));
}

/** Tells apart what a seed's table would hold: bytes of the file, columns, delimiter and layout. */
export function seedFingerprint({ contentHash, config }: SeedNode, columns: readonly SeedColumn[]): string {
  return `${contentHash.slice(0, 16)}${shortHash(JSON.stringify([columns, config.delimiter, layoutOf(config)]))}`;
}
