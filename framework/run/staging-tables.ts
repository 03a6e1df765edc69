import type { Warehouse } from '../connections/warehouse.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { type PublicationComment, parseComment, parseStagingName, type StagingName, stagingDatabase } from '../plan/publication.ts';
import { faultOf, type NodeStatements } from './node-statements.ts';

/** A table of the staging database, by what its name and its comment say. */
export interface StagingTable {
  readonly relation: Relation;
  /** null where the name is not that of a stage: the ledger, a lease, or nobody's. */
  readonly name: StagingName | null;
  readonly comment: string;
  /** null where the table was not made by us: a foreign table that an exchange put here. */
  readonly publication: PublicationComment | null;
}

/** Makes the staging database if it is not there. Atomic, whatever the server's default: EXCHANGE needs it. */
export async function createStagingDatabase(warehouse: Warehouse): Promise<void> {
  await warehouse.execute(`create database if not exists ${stagingDatabase} engine = Atomic`);
}

/** Everything in the staging database. */
export async function readStagingTables(warehouse: Warehouse): Promise<StagingTable[]> {
  const rows = await warehouse.query<{ name: string; comment: string }>(
    `select name, comment from system.tables where database = '${stagingDatabase}' order by name`,
  );
  return rows.map(({ name, comment }) => ({
    relation: { database: stagingDatabase, name },
    name: parseStagingName(name),
    comment,
    publication: parseComment(comment),
  }));
}

/** Whether a table is the version that an exchange took out of a live name: it names another publication than its own name does. */
export function isReplacedVersion({ name, publication }: StagingTable): boolean {
  return name !== null && name.purpose === null && publication?.publication !== name.publication;
}

/** Drops tables of ours, however large, in one statement. Never called with a live name. */
export async function dropOwn(statements: NodeStatements, ...relations: readonly Relation[]): Promise<void> {
  const foreign = relations.find(({ database }) => database !== stagingDatabase);
  if (foreign) throw new Error(`'${foreign.database}' is not the staging database`);
  if (relations.length === 0) return;
  const names = relations.map(relationSql).join(', ');
  try {
    await statements.execute(`drop table if exists ${names}`, anySize);
  } catch (thrown) {
    if (faultOf(thrown)?.code !== isDictionary) throw thrown;
    for (const relation of relations) await dropDictionary(statements, relation);
  }
}

/** Drops a table of ours when no statement uses it any more, such as an insert that feeds it: an insert would fail without it. */
export async function dropUsed(statements: NodeStatements, relation: Relation): Promise<void> {
  if (relation.database !== stagingDatabase) throw new Error(`'${relation.database}' is not the staging database`);
  await statements.execute(`drop table if exists ${relationSql(relation)} sync`, anySize);
}

/** Drops what may be a dictionary, which ClickHouse drops by a statement of its own. */
async function dropDictionary(statements: NodeStatements, relation: Relation): Promise<void> {
  try {
    await statements.execute(`drop table if exists ${relationSql(relation)}`, anySize);
  } catch (thrown) {
    if (faultOf(thrown)?.code !== isDictionary) throw thrown;
    await statements.execute(`drop dictionary if exists ${relationSql(relation)}`);
  }
}

const anySize = { max_table_size_to_drop: 0, max_partition_size_to_drop: 0 };

/** CANNOT_DETACH_DICTIONARY_AS_TABLE. */
const isDictionary = 520;
