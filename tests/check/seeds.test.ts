import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckEngine } from '../../framework/check/check-engine.ts';
import { runCheck } from '../../framework/check/run-check.ts';
import { places } from '../support/checked-project.ts';
import { projectDir } from '../support/project-dir.ts';
import { readCommand } from '../support/read-command.ts';

const seeds = (...names: readonly string[]): string =>
  `kind: seeds\nseeds:\n${names.map((name) => `  - { name: ${name}, config: { column_types: { id: UInt8, day: Nullable(Date) } } }\n`).join('')}`;

test('rows of seeds that would not load are told at their line, and what reads a seed with a mistake is checked all the same', async () => {
  using dir = projectDir({
    'sources/seeds/seeds.yaml': seeds('good', 'day', 'large', 'few', 'many', 'quote', 'latin', 'twice'),
    'sources/seeds/good.csv': 'id,day\n1,2024-01-31\n2,\n\n\n',
    'sources/seeds/day.csv': 'id,day\n1,2024-01-31\n2,2024-02-31\n',
    'sources/seeds/large.csv': 'id,day\n300,2024-01-31\n',
    'sources/seeds/few.csv': 'id,day\n1,2024-01-31\n2\n',
    'sources/seeds/many.csv': 'id,day\n1,2024-01-31,3\n',
    'sources/seeds/quote.csv': 'id,day\n1,2024-01-31\n2,"2024-02-01\n',
    'sources/seeds/latin.csv': Buffer.from('id,day,note\n1,2024-01-31,\xff\n', 'latin1'),
    'sources/seeds/twice.csv': 'id,day,id\n1,2024-01-31,1\n',
    'sources/seeds/types.csv': 'id,name\n1,a\n',
    'sources/seeds/types.yaml': 'kind: seeds\nseeds: [{ name: types, config: { column_types: { id: UInt8, nam: String } } }]\n',
    'models/a.sql': 'select id + 1 as next, nam,\n  other from {{ref "types"}}',
  });
  await using engine = await openCheckEngine();
  const check = async () => (await runCheck({ ...(await dir.read()), engine, only: null, readCommand })).findings;

  const findings = await check();
  dir.write({ 'sources/seeds/day.csv': 'id,day\n1,2024-01-31\n2,2024-02-28\n' });
  const again = await check();

  const expected = [
    'CHECK_NAME_UNKNOWN models/a.sql:2:3',
    'SEED_INVALID sources/seeds/day.csv:3:3',
    'SEED_INVALID sources/seeds/few.csv:3:1',
    'SEED_INVALID sources/seeds/large.csv:2:1',
    'SEED_INVALID sources/seeds/latin.csv:2:14',
    'SEED_INVALID sources/seeds/many.csv:2:14',
    'SEED_INVALID sources/seeds/quote.csv:3:3',
    'SEED_INVALID sources/seeds/twice.csv:1:8',
    'SEED_INVALID sources/seeds/types.yaml:2:48',
  ];
  assert.deepEqual(places(findings), expected);
  assert.doesNotMatch(findings[1]?.error.message ?? '', /loaded/);
  assert.deepEqual(
    places(again),
    expected.filter((place) => !place.includes('day.csv')),
  );
});
