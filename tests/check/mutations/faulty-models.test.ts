import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckEngine } from '../../../framework/check/check-engine.ts';
import { projectFolder } from '../../support/cli.ts';
import { checkFiles } from './check-files.ts';
import { shop } from './shop.ts';

/** Models of the file beside: `=== title`, then SQL. A mistake is to be told at each line that ends with `--!`, and nowhere else. */
function modelsIn(file: string): readonly { readonly title: string; readonly name: string; readonly sql: string }[] {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  const parts = text.split(/^=== /m).slice(1);
  return parts.map((part, index) => {
    const [title = '', ...lines] = part.split('\n');
    return { title, name: `model_${index}`, sql: lines.join('\n').trim() };
  });
}

test('mistakes of all clauses are told at their lines, and of valid models nothing', async () => {
  await using engine = await openCheckEngine();
  using folder = projectFolder({});
  const models = modelsIn('faulty-models.sql');
  const base = Object.entries(shop).map(([file, text]) => [file, text.replaceAll('@', '')]);
  const files = { ...Object.fromEntries(base), ...dictionaries };
  for (const { name, sql } of models) files[`models/trial/${name}.sql`] = `${sql}\n`;

  const told = await checkFiles(files, folder.dir, engine);

  const wrong = models.flatMap(({ title, name, sql }) => {
    const wanted = sql.split('\n').flatMap((line, index) => (line.endsWith('--!') ? [index + 1] : []));
    const own = told.filter((line) => line.startsWith(`models/trial/${name}.sql:`));
    const lines = new Set(own.map((line) => Number(/:(\d+) /.exec(line)?.[1])));
    const isRight = lines.size === wanted.length && wanted.every((line) => lines.has(line));
    return isRight ? [] : [`${title}: line ${wanted.join(', ') || 'none'} expected, told ${own.join(' | ') || 'nothing'}`];
  });
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    told.filter((line) => !line.startsWith('models/trial/')),
    [],
  );
});

const dictionaries = {
  'models/marts/customer_names.sql': `{{config materialized="dictionary" primary_key="customer_id" layout="hashed"}}
select customer_id, full_name from {{ref "stg_customers"}}
`,
  'models/marts/names_by_country.sql': `{{config materialized="dictionary" primary_key="customer_id, country_code" layout="complex_key_hashed"}}
select customer_id, country_code, full_name from {{ref "stg_customers"}}
`,
};
