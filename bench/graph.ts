import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Figure, figure, median } from './support/figure.ts';

const main = resolve(import.meta.dirname, '../framework/cli/gccflow.mjs');

/**
 * `gccflow ls` as a user runs it, whole processes, on generated projects of 10,000 and 112 models: 3 refs each on average, config, properties
 * with two columns, and a test for one model of ten.
 */
export async function measure(): Promise<readonly Figure[]> {
  using large = generateProject(10_000);
  using small = generateProject(112);
  const cold = [1, 2, 3].map(() => {
    rmSync(join(large.dir, '.gccflow'), { recursive: true, force: true });
    return list(large.dir);
  });
  const warm = [1, 2, 3, 4, 5, 6].map(() => list(large.dir)).slice(1);
  const few = [1, 2, 3, 4, 5, 6, 7].map(() => list(small.dir)).slice(2);
  return [
    figure('graph.cold_10000', median(cold.map(({ seconds }) => seconds)), 's'),
    figure('graph.warm_10000', median(warm.map(({ seconds }) => seconds)), 's'),
    figure('graph.ls_112', median(few.map(({ seconds }) => seconds)), 's'),
    figure('graph.memory_10000', Math.max(...[...cold, ...warm].map(({ megabytes }) => megabytes)), 'MB'),
  ];
}

/** Runs `gccflow ls` once. The peak memory is what the kernel counted for the process. */
function list(dir: string): { readonly seconds: number; readonly megabytes: number } {
  const report = `process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS))`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(report)}`, main, 'ls', '--project-dir', dir, '--quiet'];
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const seconds = (performance.now() - begin) / 1000;
  const peak = /peak (\d+)/.exec(stderr)?.[1];
  if (status !== 0 || peak === undefined) throw new Error(`gccflow ls failed: ${stderr.slice(0, 2000)}`);
  return { seconds, megabytes: (Number(peak) * 1024) / 1e6 };
}

/** A project of `count` models in folders of 50, with one properties file a folder. */
export function generateProject(count: number): { readonly dir: string } & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-graph-'));
  const write = (file: string, text: string): void => writeFileSync(join(dir, file), text);
  for (const folder of ['models', 'sources']) mkdirSync(join(dir, folder));
  write('project.yaml', 'name: generated\ntargets:\n  dev: {}\nvars: { days: 30 }\nmodels:\n  materialized: table\n  tags: [generated]\n');
  write('sources/raw.yaml', sourceFile());
  for (let first = 0; first < count; first += 50) {
    const folder = `models/f${first / 50}`;
    mkdirSync(join(dir, folder));
    const numbers = Array.from({ length: Math.min(50, count - first) }, (_, index) => first + index);
    for (const number of numbers) write(`${folder}/model_${number}.sql`, modelFile(number));
    write(`${folder}/models.yaml`, `kind: models\nmodels:\n${numbers.map(propertiesOf).join('')}`);
  }
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

function sourceFile(): string {
  const tables = Array.from({ length: 20 }, (_, index) => `  - name: event_${index}\n    columns: [{ name: id, type: UInt64 }]\n`);
  return `kind: source\nname: raw\ntables:\n${tables.join('')}`;
}

/** One SELECT over earlier models, or over a source where there are none. The first 31 have 39 refs too few for 3 each; the next 39 have a fourth. */
function modelFile(number: number): string {
  const distances = number >= 31 && number < 70 ? [1, 7, 31, 13] : [1, 7, 31];
  const parents = distances.map((back) => number - back).filter((parent) => parent >= 0);
  const [first, ...others] = parents.map((parent) => `{{ref "model_${parent}"}}`);
  const from = first === undefined ? `{{source "raw" "event_${number % 20}"}} as a` : `${first} as a`;
  const joins = others.map((ref, index) => `left join ${ref} as b${index} using (id, day)\n`).join('');
  const incremental = number % 10 === 0;
  return `{{config materialized="${incremental ? 'incremental' : 'table'}" order_by="(id, day)" tags="t${number % 10}"}}
select id, day, sum(a.views) as views, sum(a.likes) as likes, max(a.updated_at) as updated_at
from ${from}
${joins}where day > today() - 30
${incremental ? '{{#if (is_incremental)}}and a.updated_at > (select max(updated_at) from {{this}}){{/if}}\n' : ''}group by id, day
`;
}

function propertiesOf(number: number): string {
  return `  - name: model_${number}
    description: Views and likes of everything that model ${number} looks at.
    config: { meta: { owner: team_${number % 7} } }
    columns:
      - name: id
        description: What the row counts.
${number % 10 === 0 ? '        tests: [not_null]\n' : ''}      - name: day
        description: Day of the events, in UTC.
`;
}
