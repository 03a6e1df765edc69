import { didYouMean } from '../../foundation/closest.ts';
import { GccflowError } from '../../foundation/error.ts';
import type { ModelNode, NodeId, UnitTestNode } from '../../manifest/manifest.ts';
import { renderSql } from '../../manifest/render-sql.ts';
import type { EngineAnswer } from '../check-engine.ts';
import { compareExpected, type Question } from './compare-expected.ts';
import { findCtes } from './find-cte.ts';
import { freezeNow } from './freeze-now.ts';
import { createInputs, type Inputs, unreadable } from './inputs.ts';
import { overrideManifest } from './override-manifest.ts';
import { redirectDictionaries } from './redirect-dictionaries.ts';
import { reasonOf } from './rows-fault.ts';
import type { Outcome, TestContext } from './run-unit-tests.ts';

/** Tries a model on the rows of a unit test: its own SQL, with relations of those rows in the place of what it reads. Throws RENDER_FAILED and UNIT_TEST_ROWS. */
export async function testModel(test: UnitTestNode, id: NodeId, context: TestContext): Promise<Outcome> {
  const model = context.manifest.nodes.get(id);
  if (model?.kind !== 'model') throw new Error(`'${id}' is no model`);
  const { now, incremental } = test.overrides;
  const prepareSql = (sql: string): string => (now === null ? sql : freezeNow(sql, now));
  const inputs = await createInputs(test, model, { ...context, prepareSql });
  if (inputs.mistakes.length > 0) return { failures: 0, errors: inputs.mistakes, sql: null };

  const manifest = overrideManifest(context.manifest, test);
  const rendered = renderSql(manifest, model, { incremental, relationOf: inputs.relationOf });
  const sql = prepareSql(redirectDictionaries(rendered, manifest, inputs.relationOf));
  const { questions, mistakes } = questionsOf(test, model, sql, context);
  const explain = (answer: EngineAnswer | undefined): Promise<GccflowError> => explainFailure(answer, test, model, inputs);
  const engine = inputs.engineFor(sql);
  const outcomes: Outcome[] = [];
  for (const question of questions) {
    outcomes.push(
      await compareExpected(question, test, {
        ...context,
        engine,
        prepareSql,
        explain,
        settings: model.config.query_settings,
      }),
    );
  }
  return {
    failures: outcomes.reduce((sum, { failures }) => sum + failures, 0),
    errors: [...mistakes, ...outcomes.flatMap(({ errors }) => errors)],
    sql,
  };
}

/** What is compared: the rows of the model, and those of its parts. Reports UNIT_TEST_INPUT for a part that the SQL does not have. */
function questionsOf(
  test: UnitTestNode,
  model: ModelNode,
  sql: string,
  { columnsOf }: Pick<TestContext, 'columnsOf'>,
): { readonly questions: readonly Question[]; readonly mistakes: readonly GccflowError[] } {
  const { rows, ctes } = test.expect;
  const questions: Question[] = rows
    ? [{ subject: `'${model.name}'`, sql, columns: returnsWhatItKeeps(model) ? columnsOf(model.id) : null, rows }]
    : [];
  const mistakes: GccflowError[] = [];
  const parts = ctes.length > 0 ? findCtes(sql) : null;
  for (const { name, at, rows: expected } of ctes) {
    const part = parts?.select(name, '*') ?? null;
    if (part !== null) {
      questions.push({ subject: `'${name}' of '${model.name}'`, sql: part, columns: null, rows: expected });
      continue;
    }
    const names = parts?.names ?? [];
    const hint = didYouMean(name, names) ?? (names.length > 0 ? `It has ${names.join(', ')}.` : 'Its SQL has no WITH.');
    mistakes.push(new GccflowError('UNIT_TEST_INPUT', `The SQL of '${model.name}' has no WITH expression '${name}'.`, { at, hint }));
  }
  return { questions, mistakes };
}

/** Whether the relation has the columns of the SELECT: a history has more, a dictionary others. */
function returnsWhatItKeeps({ config }: ModelNode): boolean {
  return !['snapshot', 'dictionary'].includes(config.materialized);
}

/** Why the SQL failed: on account of rows that cannot be read, or by itself. */
async function explainFailure(
  answer: EngineAnswer | undefined,
  test: UnitTestNode,
  model: ModelNode,
  inputs: Inputs,
): Promise<GccflowError> {
  const unfit = await inputs.findUnfit();
  if (unfit) return unreadable(unfit.input, unfit.answer, unfit.at);
  const message = `The SQL of '${model.name}' fails on the rows of the unit test '${test.name}': ${reasonOf(answer)}.`;
  return new GccflowError('WAREHOUSE_QUERY', message, { at: test.at });
}
