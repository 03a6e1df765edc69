import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A project of models that ClickHouse accepts. */
export interface TypedProject extends Disposable {
  readonly dir: string;
  /** Changes what one model in the middle returns, without changing its columns. */
  edit(): void;
}

/**
 * `count` models over 20 sources, in folders of 50: views, tables of joins on columns, WITH expressions, windows, incremental models and
 * unions, with a few hundred characters of SQL and 8 columns each, one of them its own; a test for one model of ten.
 */
export function generateTypedProject(count: number): TypedProject {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-check-'));
  const write = (file: string, text: string): void => writeFileSync(join(dir, file), text);
  for (const folder of ['models', 'sources']) mkdirSync(join(dir, folder));
  write('project.yaml', 'name: generated\ntargets:\n  dev: {}\nvars: { days: 30 }\nmodels:\n  materialized: table\n');
  write('sources/raw.yaml', sources());
  for (let first = 0; first < count; first += 50) {
    const folder = `models/f${first / 50}`;
    mkdirSync(join(dir, folder));
    const numbers = Array.from({ length: Math.min(50, count - first) }, (_, index) => first + index);
    for (const number of numbers) write(`${folder}/model_${number}.sql`, model(number));
    write(`${folder}/models.yaml`, `kind: models\nmodels:\n${numbers.map(properties).join('')}`);
  }
  const middle = Math.floor(count / 2);
  return {
    dir,
    edit: () => write(`models/f${Math.floor(middle / 50)}/model_${middle}.sql`, `${model(middle)}-- ${performance.now()}\nlimit 1000000\n`),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

const columns = ['id', 'day', 'kind', 'views', 'likes', 'score', 'updated_at'];
const types = ['UInt64', 'Date', 'LowCardinality(String)', 'UInt64', 'UInt64', 'Float64', 'DateTime'];

function sources(): string {
  const listed = columns.map((name, index) => `{ name: ${name}, type: ${types[index]} }`).join(', ');
  const tables = Array.from({ length: 20 }, (_, index) => `  - { name: event_${index}, columns: [${listed}] }\n`);
  return `kind: source\nname: raw\ntables:\n${tables.join('')}`;
}

function model(number: number): string {
  const [a = '', b = a] = [1, 7, 31].filter((back) => back <= number).map((back) => `{{ref "model_${number - back}"}}`);
  if (number < 31) return view(number, `{{source "raw" "event_${number % 20}"}}`);
  const forms = [view, joined, withNames, ranked, incremental, united];
  return (forms[number % forms.length] ?? view)(number, a, b);
}

type Form = (number: number, a: string, b?: string) => string;

const view: Form = (number, a) => `{{config materialized="view"}}
select
    id,
    day,
    kind,
    views,
    likes,
    if(views = 0, 0, likes / views) as score,
    updated_at,
    views + ${number} as own_${number}
from ${a}
where day > today() - {{var "days"}}
  and kind != 'none'
`;

const joined: Form = (number, a, b) => `{{config order_by="(id, day)"}}
select
    a.id as id,
    a.day as day,
    a.kind as kind,
    a.views + coalesce(b.views, 0) as views,
    a.likes as likes,
    greatest(a.score, b.score) as score,
    a.updated_at as updated_at,
    b.likes as own_${number}
from ${a} as a
left join ${b} as b on b.id = a.id and b.day = a.day
where a.score >= 0
`;

const withNames: Form = (number, a, b) => `{{config order_by="id" partition_by="toYYYYMM(day)"}}
with recent as (
    select id, day, kind, views, likes, score, updated_at
    from ${a}
    where updated_at > now() - interval 1 year
),
best as (
    select id, max(score) as best_score
    from ${b}
    group by id
)
select
    recent.id as id, recent.day as day, recent.kind as kind, recent.views as views,
    recent.likes as likes, recent.score as score, recent.updated_at as updated_at,
    round(best.best_score, 2) as own_${number}
from recent
inner join best using (id)
`;

const ranked: Form = (number, a) => `{{config order_by="(day, id)"}}
select
    id, day, kind, views, likes, score, updated_at,
    row_number() over (partition by day, kind order by views desc, id) as own_${number}
from ${a}
`;

const incremental: Form = (
  number,
  a,
) => `{{config materialized="incremental" engine="ReplacingMergeTree(updated_at)" order_by="(id, day)" unique_key="id"}}
select
    id,
    day,
    any(kind) as kind,
    sum(views) as views,
    sum(likes) as likes,
    avg(score) as score,
    max(t.updated_at) as updated_at,
    uniqExact(t.kind) as own_${number}
from ${a} as t
{{#if (is_incremental)}}where t.updated_at > (select max(updated_at) from {{this}}) - interval 4 hour{{/if}}
group by id, day
`;

const united: Form = (number, a, b) => `{{config order_by="id"}}
select id, day, kind, views, likes, score, updated_at, 'first' as own_${number} from ${a}
union all
select id, day, kind, views, likes, score, updated_at, 'second' from ${b}
`;

function properties(number: number): string {
  const test = number % 10 === 0 ? '\n        tests: [not_null]' : '';
  return `  - name: model_${number}\n    description: Model ${number}.\n    columns:\n      - name: id${test}\n      - name: day\n`;
}
