import type { Relation } from '../manifest/relation.ts';
import { type PublicationComment, parseComment } from '../plan/publication.ts';
import type { NodeStatements } from './node-statements.ts';

/** What stands under a name now. */
export interface LiveVersion {
  readonly uuid: string;
  readonly publication: PublicationComment | null;
  /**
   * Which writes it has seen, where that was asked for: per partition the highest block number and mutation. Inserts, deletes, mutations and partition commands
   * change it, merges do not. (`data_version` will not do: a merged part takes that of its oldest block.)
   */
  readonly writes: string;
}

/** What stands under a name, or null for nothing. Without its writes, which take a look at all its parts. */
export async function readLiveVersion(statements: NodeStatements, relation: Relation): Promise<LiveVersion | null> {
  return readVersion(statements, relation, `''`);
}

/** What stands under a name and which writes it has seen, to compare with later. */
export async function readFence(statements: NodeStatements, relation: Relation): Promise<LiveVersion | null> {
  return readVersion(statements, relation, `(${writesSql})`);
}

async function readVersion(statements: NodeStatements, { database, name }: Relation, writes: string): Promise<LiveVersion | null> {
  const sql = `select toString(uuid) as uuid, comment, ${writes} as writes
from system.tables
where database = {database:String} and name = {name:String}`;
  const [row] = await statements.query<{ uuid: string; comment: string; writes: string }>(sql, {}, { database, name });
  return row ? { uuid: row.uuid, publication: parseComment(row.comment), writes: row.writes } : null;
}

/** Whether anybody but a merge has touched a table since it was read as `before`. */
export function wasWrittenSince(before: LiveVersion, now: LiveVersion | null): boolean {
  return now === null || now.uuid !== before.uuid || now.writes !== before.writes;
}

const writesSql = `
  select toString(arraySort(groupArray((partition_id, blocks, mutation))))
  from (
    select partition_id, max(max_block_number) as blocks,
      max(toUInt64OrZero(splitByChar('_', substring(name, length(partition_id) + 2))[4])) as mutation
    from system.parts
    where active and rows > 0 and database = {database:String} and table = {name:String}
    group by partition_id
  )`;
