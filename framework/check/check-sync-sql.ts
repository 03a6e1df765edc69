import { type Postgres, PostgresFault, type PostgresSession } from '../connections/postgres.ts';
import { sqlStateOf } from '../connections/postgres-fault.ts';
import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import type { Manifest, NodeId, SyncNode } from '../manifest/manifest.ts';
import { placesOf } from '../project/locate-value.ts';
import { type TableName, tableSql } from '../sync/table-name.ts';
import { type CheckCache, keyOf } from './check-cache.ts';
import type { CheckedGraph, TypedColumn } from './checked-graph.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { doubtfulColumns, questionsOf, type SyncQuestion, tableColumns } from './sync-questions.ts';
import { isSlip } from './sync-types.ts';

/** What the SQL of syncs is checked with. */
export interface SyncSqlCheck {
  readonly manifest: Manifest;
  readonly graph: CheckedGraph;
  readonly cache: CheckCache;
  /** A PostgreSQL with nothing in it that counts. It is opened where a sync has SQL that was not checked before. */
  readonly openPostgres: () => Promise<Postgres>;
  /** Nodes that are asked about; all where null. */
  readonly only: ReadonlySet<NodeId> | null;
}

/**
 * What PostgreSQL refuses of the expressions, indexes, constraints and checks of syncs, each tried on an empty table of the sync's columns, in a
 * transaction that is rolled back. Tables, types and functions that PostgreSQL does not bring may be there where the sync publishes.
 */
export async function checkSyncSql(check: SyncSqlCheck): Promise<readonly Finding[]> {
  const asked = [...check.manifest.nodes.values()].flatMap((node) => {
    const columns = node.kind === 'sync' ? check.graph.relations.get(node.from)?.columns : undefined;
    if (node.kind !== 'sync' || !columns || (check.only !== null && !check.only.has(node.id))) return [];
    const questions = questionsOf(node.sync, columns);
    const key = keyOf([node.sync, columns]);
    if (questions.length > 0 && check.cache.find(node.id, key)) check.cache.keep(node.id, key, []);
    else if (questions.length > 0) return [{ node, columns, questions, key }];
    return [];
  });
  if (asked.length === 0) return [];
  const postgres = await openOrNull(check.openPostgres);
  if (postgres === null) return [];
  await using _open = postgres;
  const findings: Finding[] = [];
  for (const { node, columns, questions, key } of asked) {
    const found = await mistakesOf(node, columns, questions, postgres, check.manifest.projectDir);
    if (found.length === 0) check.cache.keep(node.id, key, []);
    findings.push(...found);
  }
  return findings;
}

/** Null where this machine has none: the rest is checked all the same. */
async function openOrNull(open: () => Promise<Postgres>): Promise<Postgres | null> {
  try {
    return await open();
  } catch (thrown) {
    if (thrown instanceof GccflowError && (thrown.code === 'DEPENDENCY_MISSING' || thrown.code === 'POSTGRES_UNREACHABLE')) return null;
    throw thrown;
  }
}

async function mistakesOf(
  node: SyncNode,
  columns: readonly TypedColumn[],
  questions: readonly SyncQuestion[],
  postgres: Postgres,
  projectDir: string,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  await undone(postgres, async (session) => {
    const table: TableName = { schema: `gccflow_check_${process.pid}`, table: node.sync.to.table };
    await session.query(`set local statement_timeout = '5s'`);
    await session.query(`create schema ${table.schema}`);
    await session.query(`create table ${tableSql(table)} ()`);
    const names: string[] = [];
    const doubtful = [...doubtfulColumns(node.sync, columns)]; // told already, or of a type that another database may have
    for (const { name, type } of tableColumns(node.sync, columns)) {
      const add = (as: string): string => `alter table ${tableSql(table)} add column ${quoteName(name, 'postgres')} ${as}`;
      names.push(name);
      if ((await refusal(session, add(type))) === null) continue;
      doubtful.push(name);
      await refusal(session, add('text'));
    }
    for (const question of questions) {
      const fault = await refusal(session, question.sql(tableSql(table)));
      if (fault === null || doubtful.some((name) => question.text.includes(name) || question.column === name)) continue;
      const said = await sentenceOf(fault, names, session);
      if (said === null) continue;
      const message = `Sync '${node.name}', in ${question.what}: ${said.sentence}.`;
      const at = placesOf(projectDir, node.file).at(question.path);
      findings.push(errorFinding(node, new GccflowError('SYNC_SQL', message, { at, hint: said.hint, cause: fault })));
    }
  });
  return findings;
}

const rollback = Symbol('rollback');

async function undone(postgres: Postgres, work: (session: PostgresSession) => Promise<void>): Promise<void> {
  try {
    await postgres.transaction(async (session) => {
      await work(session);
      throw rollback;
    });
  } catch (thrown) {
    if (thrown !== rollback) throw thrown;
  }
}

/** What PostgreSQL has against a statement, whose effect stays where it has nothing. */
async function refusal(session: PostgresSession, sql: string): Promise<PostgresFault | null> {
  await session.query('savepoint asked');
  try {
    await session.query(sql);
    return null;
  } catch (thrown) {
    if (sqlStateOf(thrown) === null || !(thrown instanceof GccflowError) || !(thrown.cause instanceof PostgresFault)) throw thrown;
    await session.query('rollback to savepoint asked');
    return thrown.cause;
  }
}

/** Null for a complaint of what may be there in the database that the sync publishes to. */
async function sentenceOf(
  { sqlState, message }: PostgresFault,
  columns: readonly string[],
  session: PostgresSession,
): Promise<{ readonly sentence: string; readonly hint: string | undefined } | null> {
  const plain = { sentence: capitalized(message), hint: undefined };
  const [, quoted = ''] = /"([^"]+)"/.exec(message) ?? [];
  if (sqlState === '42703')
    return { ...plain, hint: didYouMean(quoted.split('.').at(-1) ?? quoted, columns) ?? `The table has ${columns.join(', ')}.` };
  if (sqlState === '42883') return ofFunction(message, session);
  if (sqlState === '42704') return /no default operator class/.test(message) ? plain : null;
  return /^(?:22|0A|42601|42803|42804|42P10|42P17|42P20|42846|42725|42P18)/.test(sqlState ?? '') ? plain : null;
}

/** An operator that takes other types, a function that does, or a slip in the name of one; others may come with an extension. */
async function ofFunction(message: string, session: PostgresSession): ReturnType<typeof sentenceOf> {
  const [, name] = /^function (?:[\w"]+\.)?([\w"]+)\(/.exec(message) ?? [];
  if (name === undefined) return { sentence: capitalized(message), hint: 'Cast one side to the type of the other.' };
  const known = await session.query<{ name: string }>('select distinct proname as name from pg_proc');
  if (known.some((row) => row.name === name)) return { sentence: capitalized(message), hint: 'It takes other arguments.' };
  const meant = known.find((row) => isSlip(name, row.name));
  return meant ? { sentence: capitalized(message), hint: `Did you mean '${meant.name}'?` } : null;
}

function capitalized(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
}
