import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCheck } from '../../framework/check/run-check.ts';
import { projectDir } from '../support/project-dir.ts';
import { readCommand } from '../support/read-command.ts';

/** What a check says of the lines below `definition:`, which begin at line 4. */
async function check(...definition: readonly string[]): Promise<readonly string[]> {
  const head = ['selectors:', '  - { name: core, definition: "path:models" }', '  - name: nightly', '    definition:'];
  using dir = projectDir({
    'models/a.sql': '{{config tags="mart"}}select 1 as id',
    'selectors.yaml': `${[...head, ...definition.map((line) => `      ${line}`)].join('\n')}\n`,
  });
  const mistakes = await dir.mistakes();
  if (mistakes.length > 0) return mistakes;
  const { findings } = await runCheck({ ...(await dir.load()), engine: null, only: null, readCommand });
  return findings.map(({ severity, error: { code, at, hint } }) => `${severity} ${code} ${at?.file}:${at?.line}:${at?.column} ${hint}`);
}

test('selections of selectors.yaml that a command would take are no mistake', async () => {
  const found = await check(
    'union:',
    '  - { method: tag, value: mart, parents: true, exclude: [{ method: resource_type, value: test }] }',
    '  - intersection: ["path:models", { "config.materialized": view }]',
    '  - "selector:core"',
    '  - { method: state, value: modified }',
    '  - "@a"',
    '  - exclude: ["resource_type:model"]',
  );

  assert.deepEqual(found, ['warn SELECTOR_NO_MATCH selectors.yaml:6:96 There are: model.']); // no test yet
});

const mistakes: readonly { readonly definition: readonly string[]; readonly told: string }[] = [
  {
    definition: ['union:', '  - { method: tagg, value: mart }'],
    told: "error SELECTOR_METHOD_UNKNOWN selectors.yaml:6:21 Did you mean 'tag'?",
  },
  {
    definition: ['intersection: [{ union: [{ method: resource_type, value: models }] }, a]'],
    told: "error SELECTOR_NO_MATCH selectors.yaml:5:64 Did you mean 'model'?",
  },
  { definition: ['{ tagg: mart }'], told: "error SELECTOR_METHOD_UNKNOWN selectors.yaml:5:15 Did you mean 'tag'?" },
  { definition: ['union:', '  - pth:models'], told: "error SELECTOR_METHOD_UNKNOWN selectors.yaml:6:11 Did you mean 'path'?" },
  { definition: ['"selector:cor"'], told: "error SELECTOR_NOT_FOUND selectors.yaml:5:7 Did you mean 'core'?" },
  { definition: ['"tag:marts"'], told: "warn SELECTOR_NO_MATCH selectors.yaml:5:7 Did you mean 'mart'?" },
  { definition: ['union: [a, "selector:nightly"]'], told: 'error SELECTOR_SYNTAX selectors.yaml:3:11 undefined' },
  {
    definition: ['unions:', '  - a'],
    told: "VALUE_INVALID selectors.yaml:5:7 'unions': string or number or boolean is expected. | Did you mean 'union'?",
  },
];
for (const { definition, told } of mistakes)
  test(`selections that no command would take are told where they stand: ${definition.join(' ')}`, async () => {
    assert.deepEqual(await check(...definition), [told]);
  });
