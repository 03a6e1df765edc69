import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCheck } from '../../framework/check/run-check.ts';
import { projectDir } from '../support/project-dir.ts';
import { readCommand } from '../support/read-command.ts';

test('files of dbt that nothing reads are warnings', async () => {
  using dir = projectDir({ 'dbt_project.yml': 'name: shop', 'profiles.yml': 'shop: {}', 'models/a.sql': 'select 1 as id' });

  const { findings } = await runCheck({ ...(await dir.load()), engine: null, only: null, readCommand });

  const told = findings.map(({ severity, error: { code, at, hint } }) => `${severity} ${code} ${at?.file} ${hint}`);
  assert.deepEqual(told, [
    'warn FILE_MISPLACED dbt_project.yml Settings, vars and the config of folders stand in project.yaml.',
    'warn FILE_MISPLACED profiles.yml Targets stand in project.yaml.',
  ]);
});
