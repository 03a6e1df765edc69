import { GccflowError } from '../../foundation/error.ts';
import type { TestNode, UnitTestNode } from '../../manifest/manifest.ts';
import { renderText } from '../../manifest/render-sql.ts';
import { normalizeSql } from '../../plan/normalize-sql.ts';
import { templateOf } from '../../project/template-body.ts';
import { TestConfig } from '../../project/test-config.ts';
import type { EngineAnswer } from '../check-engine.ts';
import { compareExpected } from './compare-expected.ts';
import { freezeNow } from './freeze-now.ts';
import { overrideManifest } from './override-manifest.ts';
import { readRows } from './read-rows.ts';
import { reasonOf } from './rows-fault.ts';
import { selectRows } from './rows-source.ts';
import type { Outcome, TestContext } from './run-unit-tests.ts';

/**
 * Tries a macro by itself: the SQL it renders to, and its `value` for each row that is given. A macro that renders to a whole SELECT is
 * compared by the rows of that.
 */
export async function testMacro(
  test: UnitTestNode,
  subject: Extract<UnitTestNode['subject'], { kind: 'macro' }>,
  context: TestContext,
): Promise<Outcome> {
  const { now } = test.overrides;
  const prepareSql = (sql: string): string => (now === null ? sql : freezeNow(sql, now));
  const manifest = overrideManifest(context.manifest, test);
  const caller = callerOf(test, subject.arguments);
  const sql = prepareSql(renderText(manifest, caller, `{{> ${subject.name}}}`, { incremental: test.overrides.incremental }));
  const mistakes = rendersOther(test, subject.name, sql);
  const { rows } = test.expect;
  if (!rows) return { failures: mistakes.length, errors: mistakes, sql };

  const [given] = test.inputs;
  const written = given?.rows && (await readRows(given.rows, { ...context, projectDir: manifest.projectDir, file: test.file, prepareSql }));
  const from = written ? ` from (${selectRows(written, null)})` : '';
  const query = /^\s*\(?\s*(select|with)\b/i.test(sql) ? sql : `select ${written ? '*, ' : ''}(${sql}) as value${from}`;
  const explain = async (answer: EngineAnswer | undefined): Promise<GccflowError> => {
    const message = `The SQL of the macro '${subject.name}' fails in the unit test '${test.name}': ${reasonOf(answer)}.`;
    return new GccflowError('WAREHOUSE_QUERY', message, { at: test.at });
  };
  const question = { subject: `the macro '${subject.name}'`, sql: query, columns: null, rows };
  const outcome = await compareExpected(question, test, { ...context, prepareSql, explain, settings: {} });
  return { failures: mistakes.length + outcome.failures, errors: [...mistakes, ...outcome.errors], sql: query };
}

/** White space, comments and the case of keywords make no difference. */
function rendersOther(test: UnitTestNode, name: string, sql: string): GccflowError[] {
  const { sql: expected } = test.expect;
  if (expected === null || normalizeSql(sql) === normalizeSql(expected)) return [];
  const shown = [`  expected  ${oneLine(expected)}`, `  got       ${oneLine(sql)}`];
  const message = [`The macro '${name}' renders to other SQL than the unit test '${test.name}' expects.`, ...shown].join('\n');
  return [new GccflowError('UNIT_TEST_FAILED', message, { at: test.at })];
}

function oneLine(sql: string): string {
  return sql.trim().replaceAll(/\s+/g, ' ');
}

/** Names the arguments are known by: a macro takes those that its caller has. */
function callerOf({ kind: _kind, ...test }: UnitTestNode, args: Readonly<Record<string, unknown>>): TestNode {
  return {
    ...test,
    kind: 'test',
    id: `test.${test.name}`,
    testType: 'singular',
    testName: test.name,
    attachedTo: null,
    column: null,
    arguments: args,
    references: {},
    config: TestConfig.parse({}),
    template: templateOf(test.file, { text: '' }),
  };
}
