import { relationSql } from '../manifest/relation.ts';
import type { PlannedBuild } from '../plan/plan.ts';
import { type LiveVersion, readFence, readLiveVersion, wasWrittenSince } from './live-version.ts';
import { faultOf, type NodeStatements } from './node-statements.ts';

/** `moved`: somebody else wrote to the live name meanwhile; it is as they left it, and the stage as it was. */
export type PublishOutcome = { readonly kind: 'moved' } | { readonly kind: 'published'; readonly replaced: LiveVersion | null };

/**
 * Puts the stage in the place of the live relation, in one atomic statement: RENAME where nothing is there, EXCHANGE otherwise. After an
 * exchange the stage's name holds what was live.
 * `clonedFrom` is what an incremental stage began as: writes to the live table since then would be lost, so they stop the publication.
 */
export async function publishStage(
  { relation, stage, publicationId }: PlannedBuild,
  clonedFrom: LiveVersion | null,
  statements: NodeStatements,
): Promise<PublishOutcome> {
  const live = clonedFrom === null ? await readLiveVersion(statements, relation) : await readFence(statements, relation);
  if (live?.publication?.publication === publicationId) return { kind: 'published', replaced: await readLiveVersion(statements, stage) };
  if (clonedFrom !== null && wasWrittenSince(clonedFrom, live)) return { kind: 'moved' };
  const [from, to] = [relationSql(stage), relationSql(relation)];
  try {
    await statements.execute(live === null ? `rename table ${from} to ${to}` : `exchange tables ${from} and ${to}`);
  } catch (thrown) {
    if (raceCodes.has(faultOf(thrown)?.code ?? 0)) return { kind: 'moved' };
    throw thrown;
  }
  if (clonedFrom !== null && wasWrittenSince(clonedFrom, await readFence(statements, stage))) {
    await statements.execute(`exchange tables ${from} and ${to}`); // a write slipped in before the exchange: give it back
    return { kind: 'moved' };
  }
  return { kind: 'published', replaced: live };
}

/** TABLE_ALREADY_EXISTS and UNKNOWN_TABLE: the name was taken or left between the look and the statement. */
const raceCodes = new Set([57, 60]);
