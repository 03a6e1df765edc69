import { createHash } from 'node:crypto';
import type { NodeId } from '../manifest/manifest.ts';
import type { Relation } from '../manifest/relation.ts';
import type { CompanionPurpose } from '../materializations/materialization.ts';
import type { IntervalMemory } from './interval-memory.ts';

/** Where stages, previous versions, leases and the ledger live. */
export const stagingDatabase = '_gccflow';

/**
 * What a table of ours says of itself in its COMMENT. It is there from the table's first moment and travels with EXCHANGE, so that the
 * live table itself names the publication it is.
 */
export interface PublicationComment {
  readonly publication: string;
  readonly node: NodeId;
  readonly run: string;
  /** `held`: a test failed, the table is kept for a look. */
  readonly state: 'whole' | 'held';
  /** Of the engine, keys and further layout that the table was made with. */
  readonly layout: string;
  /** Of the content, where it decides whether there is anything to do (seeds). */
  readonly fingerprint: string | null;
  /** Of a snapshot: the rows cannot be built again. */
  readonly history?: true;
  /** Of a relation that goes on using tables of ours: the publication whose names those bear. */
  readonly companions?: string;
  /** Of a model that is built by intervals. */
  readonly intervals?: IntervalMemory;
}

export function formatComment(comment: PublicationComment): string {
  return JSON.stringify({ gccflow: comment });
}

/** What a comment says, or null where the table is not ours. */
export function parseComment(text: string): PublicationComment | null {
  if (!text.startsWith('{"gccflow":')) return null;
  try {
    return (JSON.parse(text) as { gccflow: PublicationComment }).gccflow;
  } catch {
    return null;
  }
}

/**
 * The name in the staging database that belongs to one publication of one relation: first of its stage, after the exchange of the version
 * it replaced. The comment tells which: a stage names the publication that its own name carries, a replaced version another.
 */
export function stagingRelation(live: Relation, publicationId: string, purpose?: string): Relation {
  const name = `${stagingPrefix(live)}${publicationId.replaceAll('-', '')}${purpose === undefined ? '' : `__${purpose}`}`;
  return { database: stagingDatabase, name };
}

/** Whether a staging table is one that a published relation goes on using. */
export function isCompanion({ purpose }: StagingName): boolean {
  return purpose !== null && Object.hasOwn(companionPurposes, purpose);
}

const companionPurposes: Readonly<Record<CompanionPurpose, true>> = { rows: true, trigger: true };

/** How every staging name of a relation begins. Other projects and targets on the same server have other relations. */
export function stagingPrefix({ database, name }: Relation): string {
  const readable = name.replaceAll(/\W+/g, '_').slice(0, 60);
  return `${readable}__${shortHash(JSON.stringify([database, name]))}__`;
}

/** What a staging name says, or null where it is no name of ours. */
export function parseStagingName(name: string): StagingName | null {
  const [, prefix, id, purpose] = /^(\w*__[0-9a-f]{8}__)([0-9a-f]{32})(?:__([a-z0-9_]+))?$/.exec(name) ?? [];
  if (prefix === undefined || id === undefined) return null;
  const publication = id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { prefix, publication, purpose: purpose ?? null };
}

export interface StagingName {
  readonly prefix: string;
  readonly publication: string;
  /** null for the stage itself. */
  readonly purpose: string | null;
}

/** A publication for people: the time in its id, which is when it was planned, and the id. */
export function formatPublication(id: string): string {
  const [, high, low] = /^([0-9a-f]{8})-([0-9a-f]{4})-7/.exec(id) ?? [];
  if (high === undefined || low === undefined) return `publication ${id}`;
  return `${new Date(Number.parseInt(high + low, 16)).toISOString().slice(0, 19)}Z (publication ${id})`;
}

/** Eight hex digits that tell texts apart in names. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
