import type { Warehouse } from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Manifest, NodeId, TestNode } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { renderSql } from '../manifest/render-sql.ts';
import { stagingDatabase } from '../plan/publication.ts';
import { NodeStatements } from './node-statements.ts';
import type { RanStatement } from './run-result.ts';

export interface TestDeps {
  readonly manifest: Manifest;
  readonly warehouse: Warehouse;
  /** Relations to test in place of the nodes' own, e.g. a stage that is not published yet. */
  readonly relationOf?: (id: NodeId) => Relation | undefined;
  readonly signal?: AbortSignal;
}

export interface TestOutcome {
  readonly status: 'pass' | 'warn' | 'fail' | 'error';
  /** What `fail_calc` gave, by default the number of failing rows; null where the test itself failed to run. */
  readonly failures: number | null;
  /** One line for people: `3 failing rows`. */
  readonly message: string;
  /** The test's query: every row it returns is a failure. null where it could not be rendered. */
  readonly compiledSql: string | null;
  /** A query that shows the failing rows; null where there are none to show. */
  readonly showSql: string | null;
  /** Where the failing rows are kept, with `store_failures`. */
  readonly storedIn: Relation | null;
  readonly statements: readonly RanStatement[];
  /** TEST_FAILED for `fail`, what went wrong for `error`, else null. */
  readonly error: GccflowError | null;
}

/**
 * Runs one test, with dbt's meaning of `limit`, `fail_calc`, `warn_if`, `error_if` and `severity`. A test whose query the warehouse
 * refuses ends as `error`; only an abort, and what is no `GccflowError`, is thrown.
 */
export async function runTest(test: TestNode, deps: TestDeps): Promise<TestOutcome> {
  const statements = new NodeStatements({ warehouse: deps.warehouse, node: test.id, signal: deps.signal ?? null });
  let compiledSql: string | null = null;
  try {
    compiledSql = renderSql(deps.manifest, test, { incremental: false, ...(deps.relationOf && { relationOf: deps.relationOf }) });
    const failing = limited(compiledSql, test.config.limit);
    const storedIn = test.config.store_failures ? await storeFailures(failing, test, statements) : null;
    const showSql = storedIn ? `select * from ${relationSql(storedIn)}` : failing;
    const [counted] = await statements.query<Counted>(countSql(showSql, test));
    return judge(test, counted, { compiledSql, showSql, storedIn, statements: statements.ran });
  } catch (thrown) {
    if (!(thrown instanceof GccflowError) || deps.signal?.aborted) throw thrown;
    return {
      status: 'error',
      failures: null,
      message: thrown.message,
      compiledSql,
      showSql: null,
      storedIn: null,
      statements: statements.ran,
      error: thrown,
    };
  }
}

interface Counted {
  readonly gccflow_failures: string;
  readonly should_warn: number | null;
  readonly should_error: number | null;
}

function limited(sql: string, limit: number | null): string {
  return limit === null ? sql : `select * from (\n${sql}\n) as failing limit ${limit}`;
}

/** Counts the failing rows that a query of a test gives, and compares the count with the test's limits. */
export function countSql(sql: string, { config }: Pick<TestNode, 'config'>): string {
  return `select gccflow_failures, gccflow_failures ${config.warn_if} as should_warn, gccflow_failures ${config.error_if} as should_error
from (select toInt64(ifNull(${config.fail_calc}, 0)) as gccflow_failures from (\n${sql}\n) as failing)`;
}

/** Replaces the table of the test's failing rows, in one step: readers see the rows of one run. */
async function storeFailures(sql: string, { name }: TestNode, statements: NodeStatements): Promise<Relation> {
  const relation = { database: stagingDatabase, name: `test_failures__${name}` };
  await statements.execute(`create database if not exists ${stagingDatabase} engine = Atomic`);
  await statements.execute(`create or replace table ${relationSql(relation)} engine = MergeTree order by tuple() as\n${sql}`);
  return relation;
}

type Ran = Pick<TestOutcome, 'compiledSql' | 'showSql' | 'storedIn' | 'statements'>;

function judge(test: TestNode, counted: Counted | undefined, ran: Ran): TestOutcome {
  const failures = Number(counted?.gccflow_failures ?? 0);
  const { severity } = test.config;
  const fails = severity === 'error' && Boolean(counted?.should_error);
  const status = fails ? 'fail' : counted?.should_warn ? 'warn' : 'pass';
  const message = describe(failures, test, status === 'pass');
  const shown = { ...ran, showSql: failures > 0 ? ran.showSql : null };
  return { ...shown, status, failures, message, error: status === 'fail' ? testFailed(test, message, shown) : null };
}

function describe(failures: number, { config }: TestNode, passes: boolean): string {
  if (failures === 0) return 'no failing rows';
  const rows = failures === 1 ? '1 failing row' : `${failures.toLocaleString('en-US')} failing rows`;
  const counted = config.fail_calc === 'count(*)' ? rows : `${config.fail_calc} gives ${failures.toLocaleString('en-US')}`;
  return passes ? `${counted}, which its limits permit` : counted;
}

function testFailed(test: TestNode, message: string, { showSql, storedIn }: Pick<TestOutcome, 'showSql' | 'storedIn'>): GccflowError {
  const hint = storedIn ? `The rows are kept in ${relationSql(storedIn)}.` : `This query shows them:\n${showSql}`;
  return new GccflowError('TEST_FAILED', `The test '${test.name}' found ${message}.`, { hint, at: test.at });
}
