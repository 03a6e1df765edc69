import assert from 'node:assert/strict';
import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../framework/foundation/clock.ts';
import { GccflowError } from '../../framework/foundation/error.ts';
import type { NodeId } from '../../framework/manifest/manifest.ts';
import { ageMs, isDated, judgeAge, type SourceFreshness } from '../../framework/run/freshness.ts';
import { readFreshness } from '../../framework/run/read-freshness.ts';
import { manifestOf } from '../support/manifest-of.ts';
import { type ScratchOptions, type ScratchWarehouse, scratchWarehouse } from '../support/warehouse.ts';
import { recordWarehouse } from '../support/watched-warehouse.ts';

const hour = 3_600_000;

/** Tables of one source `raw`, made by SQL in which `@` stands for its database, and what is found of each by its name. */
async function freshnessOf(tables: string, statements: readonly string[], options: ScratchOptions = {}) {
  await using scratch = await scratchWarehouse(options);
  const { warehouse, database } = scratch;
  for (const sql of statements) await warehouse.execute(sql.replaceAll('@', database));
  const yaml = `kind: source\nname: raw\ndatabase: ${database}\nfreshness: { warn_after: 6h, error_after: 1d }\ntables:\n${tables.replaceAll('@', database)}`;
  const { manifest } = await manifestOf({ 'sources/raw.yaml': yaml }, database);
  const sources = [...manifest.nodes.values()].filter((node) => node.kind === 'source').filter(isDated);
  const watched = recordWarehouse(warehouse);
  const result = await readFreshness(sources, {
    warehouse: watched.warehouse,
    clock: systemClock,
    signal: new AbortController().signal,
    threads: 2,
    runId: 'run',
  });
  const found = new Map(result.sources.map((source) => [source.node, source]));
  return {
    found: (name: string): SourceFreshness => found.get(`source.raw.${name}` as NodeId) ?? assert.fail(`'${name}' was not checked`),
    names: [...found.keys()],
    statements: watched.statements,
  };
}

/** Age in hours, rounded. */
function hoursOf({ reading }: SourceFreshness): number | null {
  return reading && Math.round(ageMs(reading) / hour);
}

const orders = 'create table @.orders (id UInt64, at DateTime) engine = MergeTree order by id';

for (const over of ['embedded', 'http'] as const) {
  test(`the newest row decides, by the column or expression that the source declares (${over})`, async () => {
    const { found } = await freshnessOf(
      `  - { name: fresh, identifier: orders, loaded_at: at }
  - { name: aging, loaded_at: "fromUnixTimestamp64Milli(ms)" }
  - { name: stale, loaded_at: at, freshness: { error_after: 47h } }
`,
      [
        orders,
        'insert into @.orders select number, now() - number * 3600 from numbers(1, 50)',
        'create view @.aging as select toUnixTimestamp64Milli(now64(3)) - 7 * 3600000 as ms',
        'create view @.stale as select now64(6) - interval 2 day as at',
      ],
      { over },
    );

    assert.deepEqual(
      ['fresh', 'aging', 'stale'].map((name) => [found(name).status, hoursOf(found(name))]),
      [
        ['pass', 1],
        ['warn', 7],
        ['error', 48],
      ],
    );
  });
}

test('an age that is just allowed is allowed, and one above is not', async () => {
  const limits = { warnAfterMs: 6 * hour, errorAfterMs: 24 * hour, filter: null };

  assert.deepEqual(
    [-1, 6 * hour, 6 * hour + 1, 24 * hour, 24 * hour + 1].map((age) => judgeAge(limits, age)),
    ['pass', 'pass', 'warn', 'warn', 'error'],
  );
  assert.equal(judgeAge({ ...limits, warnAfterMs: null }, 24 * hour), 'pass');
  assert.equal(judgeAge({ ...limits, errorAfterMs: null }, 999 * hour), 'warn');
});

test('a time means the same moment in every time zone and type, and a date its midnight in UTC', async () => {
  const moments = {
    plain: "toDateTime('2026-01-02 03:04:05', 'UTC')",
    zoned: "toDateTime('2026-01-02 08:34:05', 'Asia/Kolkata')",
    fine: "toDateTime64('2026-01-01 22:04:05.678', 3, 'America/New_York')",
    nullable: "toNullable(toDateTime64('2026-01-02 03:04:05', 9, 'UTC'))",
    date: "toDate('2026-01-02')",
    wide: "toDate32('2026-01-02')",
  };
  const names = Object.keys(moments);
  const { found } = await freshnessOf(
    names.map((name) => `  - { name: ${name}, loaded_at: at }\n`).join(''),
    Object.entries(moments).map(
      ([name, sql]) => `create view @.${name} as select ${sql} as at settings allow_suspicious_low_cardinality_types = 1`,
    ),
  );

  assert.deepEqual(
    names.map((name) => found(name).reading?.maxLoadedAt.toISOString()),
    [
      '2026-01-02T03:04:05.000Z',
      '2026-01-02T03:04:05.000Z',
      '2026-01-02T03:04:05.678Z',
      '2026-01-02T03:04:05.000Z',
      '2026-01-02T00:00:00.000Z',
      '2026-01-02T00:00:00.000Z',
    ],
  );
});

test('a row of the future makes a source fresh, and its age is below zero', async () => {
  const { found } = await freshnessOf('  - { name: ahead, loaded_at: at }\n', ['create view @.ahead as select now() + 7200 as at']);

  assert.deepEqual([found('ahead').status, hoursOf(found('ahead'))], ['pass', -2]);
});

test('a filter leaves rows out, and a query may ask anything', async () => {
  const { found } = await freshnessOf(
    `  - { name: orders, loaded_at: at, freshness: { error_after: 2h, filter: "id > 10 -- the first ones are tests" } }
  - { name: asked, loaded_at_query: "select max(at) from @.orders where id = 30 -- as they say" }
  - { name: ended, loaded_at_query: "select max(at) from @.orders;" }
`,
    [orders, 'insert into @.orders select number, now() - number * 3600 from numbers(1, 50)'],
  );

  assert.deepEqual([found('orders').status, hoursOf(found('orders'))], ['error', 11]);
  assert.deepEqual([found('asked').status, hoursOf(found('asked'))], ['error', 30]);
  assert.deepEqual([found('ended').status, hoursOf(found('ended'))], ['pass', 1]);
});

test('without a column the time of the newest part with rows counts, and all sources are read in one round trip', async () => {
  await using scratch = await scratchWarehouse();
  const { database, warehouse } = scratch;
  for (const name of ['new', 'old']) {
    await warehouse.execute(`create table ${database}.${name} (id UInt64) engine = MergeTree order by id`);
    await warehouse.execute(`insert into ${database}.${name} values (1)`);
  }
  await age(`${database}.old`, 30 * hour, scratch);
  const yaml = `kind: source\nname: raw\ndatabase: ${database}\nfreshness: { error_after: 1d }\ntables: [{ name: new }, { name: old }]\n`;
  const { manifest } = await manifestOf({ 'sources/raw.yaml': yaml }, database);
  const sources = [...manifest.nodes.values()].filter((node) => node.kind === 'source').filter(isDated);
  const recorded = recordWarehouse(warehouse);

  const result = await readFreshness(sources, {
    warehouse: recorded.warehouse,
    clock: systemClock,
    signal: new AbortController().signal,
    threads: 2,
    runId: 'run',
  });

  assert.deepEqual(
    result.sources.map((source) => [source.node, source.status, hoursOf(source)]),
    [
      ['source.raw.new', 'pass', 0],
      ['source.raw.old', 'error', 30],
    ],
  );
  assert.equal(recorded.statements.length, 1);
});

/** Sets back the time at which the parts of a table were written. */
async function age(table: string, byMs: number, { warehouse, database }: ScratchWarehouse) {
  const rows = await warehouse.query<{ path: string }>(
    `select arrayJoin(data_paths) as path from system.tables where database = '${database}' and endsWith('${table}', name)`,
  );
  const at = new Date(Date.now() - byMs);
  await warehouse.execute(`detach table ${table} sync`);
  for (const { path } of rows) {
    for (const part of readdirSync(path).filter((name) => name.startsWith('all_'))) utimesSync(join(path, part), at, at);
  }
  await warehouse.execute(`attach table ${table}`);
}

test('where the age cannot be told, the source is none that passes, and its error says what to do', async () => {
  const tables: readonly (readonly [string, string, string, string, string | undefined])[] = [
    ['empty', '{ name: empty, loaded_at: at }', 'create table @.empty (at DateTime) engine = MergeTree order by at', 'is empty', undefined],
    ['none', '{ name: none }', 'create table @.none (at DateTime) engine = MergeTree order by at', 'is empty', undefined],
    [
      'nulls',
      '{ name: nulls, loaded_at: at }',
      'create view @.nulls as select cast(null as Nullable(DateTime)) as at',
      'gives NULL',
      undefined,
    ],
    [
      'texts',
      '{ name: texts, loaded_at: at }',
      "create view @.texts as select '2026-01-01' as at",
      'which is no date or time',
      'parseDateTimeBestEffort',
    ],
    ['pair', '{ name: pair, loaded_at_query: "select now(), 1" }', 'create view @.pair as select 1', 'which is no date or time', undefined],
    ['no_row', '{ name: no_row, loaded_at_query: "select now() where 0" }', 'create view @.no_row as select 1', 'gives NULL', undefined],
    ['view', '{ name: view }', 'create view @.view as select now() as at', 'its engine View keeps no parts', "Declare 'loaded_at'"],
    [
      'memory',
      '{ name: memory }',
      'create table @.memory (at DateTime) engine = Memory',
      'its engine Memory keeps no parts',
      "Declare 'loaded_at'",
    ],
    ['absent', '{ name: absent }', 'select 1', 'is not in the warehouse', 'create it'],
    ['gone', '{ name: gone, loaded_at: at }', 'select 1', 'is not in the warehouse', 'create it'],
    [
      'filtered',
      '{ name: filtered, loaded_at: at, freshness: { error_after: 1d, filter: at > now() } }',
      'create view @.filtered as select now() - 100 as at',
      'has no row that its freshness filter lets pass',
      'reach back',
    ],
  ];
  const { found } = await freshnessOf(
    tables.map(([, yaml]) => `  - ${yaml}\n`).join(''),
    tables.map(([, , sql]) => sql),
  );

  for (const [name, , , message, hint] of tables) {
    const { status, error, reading } = found(name);
    assert.deepEqual([name, status, reading, error?.code], [name, 'runtime error', null, 'FRESHNESS_UNKNOWN']);
    assert.ok(error instanceof GccflowError);
    assert.match(error.message, new RegExp(message));
    if (hint !== undefined) assert.match(error.hint ?? '', new RegExp(hint));
    assert.equal(error.at?.file, 'sources/raw.yaml');
  }
});

test('what ClickHouse refuses is the error of one source, and the others are read', async () => {
  const { found } = await freshnessOf('  - { name: bad, loaded_at: nope }\n  - { name: good, loaded_at: at }\n', [
    'create view @.bad as select 1 as x',
    'create view @.good as select now() as at',
  ]);

  assert.deepEqual([found('bad').status, found('bad').error?.code], ['runtime error', 'WAREHOUSE_QUERY']);
  assert.equal(found('good').status, 'pass');
});

test('sources without freshness are not asked', async () => {
  const { names, statements } = await freshnessOf('  - { name: any, loaded_at: at, freshness: null }\n', []);

  assert.deepEqual([names, statements], [[], []]);
});
