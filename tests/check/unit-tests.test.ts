import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { oneModel, openUnitTests, outcome } from '../support/unit-tests.ts';

const bench = await openUnitTests();
after(() => bench[Symbol.asyncDispose]());

const run = async (...files: Parameters<typeof oneModel>): Promise<readonly string[]> => (await bench.run(oneModel(...files))).map(outcome);

const totals = 'select id, sum(price) as total from {{source "raw" "orders"}} group by id order by id';

test('a model that gives the expected rows passes, in whatever order they come', async () => {
  const outcomes = await run(
    totals,
    '  - name: t',
    '    model: m',
    '    given:',
    '      - input: \'{{source "raw" "orders"}}\'',
    '        rows: [{ id: 1, price: 1.10 }, { id: 2, price: 5 }, { id: 1, price: "2" }]',
    '    expect: { rows: [{ id: 2, total: 5 }, { total: 3.1, id: 1 }] }',
  );

  assert.deepEqual(outcomes, ['pass']);
});

test('a failure shows the rows that differ, with marks, and those that only one side has', async () => {
  const outcomes = await run(
    totals,
    '  - name: t',
    '    model: m',
    '    given: [{ input: raw.orders, rows: [{ id: 1, price: 1.10 }, { id: 2, price: 5 }, { id: 3 }] }]',
    '    expect: { rows: [{ id: 1, total: 1.2 }, { id: 2, total: 5 }] }',
    '  - name: missing',
    '    model: m',
    '    given: [{ input: raw.orders, rows: [] }]',
    '    expect: { rows: [{ id: 1, total: 1.2 }] }',
  );

  assert.deepEqual(outcomes, [
    [
      "UNIT_TEST_FAILED models/m.yaml:3:11 The unit test 't' got other rows of 'm' than it expects: 1 different, 1 extra.",
      '            id  total',
      '  expected  1   1.2',
      '  got       1   1.1',
      '                ^^^',
      '  extra     3   0',
    ].join('\n'),
    [
      "UNIT_TEST_FAILED models/m.yaml:7:11 The unit test 'missing' got other rows of 'm' than it expects: 1 missing.",
      '            id  total',
      '  missing   1   1.2',
    ].join('\n'),
  ]);
});

test('order counts where the test says so', async () => {
  const given = '    given: [{ input: raw.orders, rows: [{ id: 2 }, { id: 1 }] }]';
  const outcomes = await run(
    totals,
    '  - name: sorted',
    '    model: m',
    given,
    '    expect: { ordered: true, rows: [{ id: 1 }, { id: 2 }] }',
    '  - name: unsorted',
    '    model: m',
    given,
    '    expect: { ordered: true, rows: [{ id: 2 }, { id: 1 }] }',
  );

  assert.equal(outcomes[0], 'pass');
  assert.match(outcomes[1] ?? '', /2 different/);
});

test('rows come as CSV, as a SELECT and from fixtures, with the same values', async () => {
  const expect = '    expect: { rows: [{ id: 1, price: 1.5, note: null }, { id: 2, price: 0, note: "a,b" }] }';
  const results = await bench.run({
    ...oneModel(
      'select id, price, note from {{source "raw" "orders"}}',
      '  - name: csv',
      '    model: m',
      '    given:',
      '      - input: raw.orders',
      '        format: csv',
      '        rows: |',
      '          id,note,price',
      '          1,\\N,1.5',
      '          2,"a,b",0',
      expect,
      '  - name: sql',
      '    model: m',
      '    given: [{ input: raw.orders, format: sql, rows: "select 1 as id, 1.5 as price union all select 2, 0" }]',
      '    expect: { format: csv, rows: "id,price\\n1,1.5\\n2,0\\n" }',
      '  - { name: csv_file, model: m, given: [{ input: raw.orders, fixture: two }], expect: { fixture: expected } }',
    ),
    'tests/fixtures/two.csv': 'id,note,price\n1,\\N,1.5\n2,"a,b",0\n',
    'tests/fixtures/expected.sql': "select 1 as id, null as note union all select 2, 'a,b';",
  });

  assert.deepEqual(results.map(outcome), ['pass', 'pass', 'pass']);
});

test('what is not given is empty, and a column that is not given has its default', async () => {
  const results = await bench.run({
    ...oneModel(
      'select o.id as id, o.note as note, o.at as at, b.id as b from {{source "raw" "orders"}} as o left join {{ref "b"}} as b on b.id = o.id',
      '  - name: t',
      '    model: m',
      '    given: [{ input: raw.orders, rows: [{ id: 7 }] }]',
      '    expect: { rows: [{ id: 7, note: null, at: 1970-01-01 00:00:00, b: 0 }] }',
    ),
    'models/b.sql': 'select id from {{source "raw" "orders"}}',
  });

  assert.deepEqual(results.map(outcome), ['pass']);
});

test('every mistake of the rows is told at its place', async () => {
  const outcomes = await run(
    totals,
    '  - name: t',
    '    model: m',
    '    given:',
    '      - input: raw.orders',
    '        rows:',
    '          - { id: -1, price: 12345678901.5, at: 2024-02-31, note: null }',
    '          - { id: null, prise: 1, at: soon }',
    '    expect: { rows: [] }',
    '  - name: expected',
    '    model: m',
    '    given: []',
    '    expect: { rows: [{ id: 1, total: x }, { idd: 1 }] }',
  );

  assert.deepEqual(outcomes, [
    [
      "UNIT_TEST_ROWS models/m.yaml:8:19 The value does not fit 'id' of the input 'raw.orders': UInt64 ends at 0.",
      "UNIT_TEST_ROWS models/m.yaml:8:30 The value does not fit 'price' of the input 'raw.orders': Decimal(10, 2) has no room for all digits of 12345678901.5.",
      "UNIT_TEST_ROWS models/m.yaml:8:49 The value does not fit 'at' of the input 'raw.orders': there is no 2024-02-31.",
      "UNIT_TEST_ROWS models/m.yaml:9:19 The value does not fit 'id' of the input 'raw.orders': UInt64 is never NULL.",
      "UNIT_TEST_ROWS models/m.yaml:9:25 The input 'raw.orders' has no column 'prise'.",
      "UNIT_TEST_ROWS models/m.yaml:9:39 The value does not fit 'at' of the input 'raw.orders': 'soon' is not written YYYY-MM-DD hh:mm:ss.",
    ].join('\n'),
    [
      "UNIT_TEST_ROWS models/m.yaml:14:38 The value does not fit 'total' of 'm': 'x' is no decimal number.",
      "UNIT_TEST_ROWS models/m.yaml:14:45 'm' has no column 'idd'.",
      "UNIT_TEST_ROWS models/m.yaml:14:22 This row lacks 'idd', which other expected rows have.",
      "UNIT_TEST_ROWS models/m.yaml:14:43 This row lacks 'id', which other expected rows have.",
    ].join('\n'),
  ]);
});

test('values of CSV that would be changed are told with their row, in a fixture with their line', async () => {
  const results = await bench.run({
    ...oneModel(
      totals,
      '  - { name: inline, model: m, given: [{ input: raw.orders, format: csv, rows: "id,at\\n1,2024-01-01\\n-1,2024-02-30" }], expect: { rows: [] } }',
      '  - { name: file, model: m, given: [{ input: raw.orders, fixture: orders }], expect: { rows: [] } }',
    ),
    'tests/fixtures/orders.csv': 'id,price,note\n1,,\n2,"1.005","a, b"\n',
  });

  assert.deepEqual(results.map(outcome), [
    [
      "UNIT_TEST_ROWS models/m.yaml:3:79 The value does not fit 'id' in row 2 of the input 'raw.orders': UInt64 ends at 0.",
      "UNIT_TEST_ROWS models/m.yaml:3:79 The value does not fit 'at' in row 2 of the input 'raw.orders': there is no 2024-02-30.",
    ].join('\n'),
    "UNIT_TEST_ROWS tests/fixtures/orders.csv:3:3 The value does not fit 'price' in row 2 of the input 'raw.orders': Decimal(10, 2) has no room for all digits of 1.005.",
  ]);
});

test('a SELECT and a CSV that ClickHouse refuses are told with what it says', async () => {
  const results = await bench.run({
    ...oneModel(
      totals,
      '  - { name: sql, model: m, given: [{ input: raw.orders, format: sql, rows: select nothing }], expect: { rows: [] } }',
      '  - { name: file, model: m, given: [{ input: raw.orders, fixture: two }], expect: { rows: [] } }',
      '  - { name: syntax, model: m, given: [{ input: raw.orders, fixture: open }], expect: { rows: [] } }',
      '  - { name: csv, model: m, given: [{ input: raw.orders, fixture: price }], expect: { rows: [] } }',
    ),
    'tests/fixtures/two.sql': 'select\n  1 as id,\n  nothing as price\n',
    'tests/fixtures/open.sql': '\nselect\n  1 as as id\n',
    'tests/fixtures/price.csv': 'id,price\n1,2\n\\N,3\n',
  });

  const [sql = '', file = '', syntax = '', csv = ''] = results.map(outcome);
  assert.match(sql, /^UNIT_TEST_ROWS models\/m.yaml:3:76 The SELECT cannot be used: Unknown expression identifier `nothing`\.$/);
  assert.match(file, /^UNIT_TEST_ROWS tests\/fixtures\/two.sql:3:3 The SELECT cannot be used: Unknown expression identifier `nothing`\.$/);
  assert.match(syntax, /^UNIT_TEST_ROWS tests\/fixtures\/open.sql:3:\d+ The SELECT cannot be used: Syntax error/);
  assert.match(csv, /^UNIT_TEST_ROWS tests\/fixtures\/price.csv:3:1 The value does not fit 'id' in row 2/);
});

const csvMistakes: readonly (readonly [string, readonly string[], string])[] = [
  ['an unknown column', ['id,prise', '1,2'], "9:14 The input 'raw.orders' has no column 'prise'."],
  ['a column that stands twice', ['id,note,id', '1,a,1'], "9:19 The header names the column 'id' twice."],
  ['a field that is missing', ['id,price', '1,2', '3'], "11:11 Row 2 of the input 'raw.orders' has 1 field, and its header 2."],
  ['a field too many', ['id,price', '1,2,3', '3,4,'], "10:15 Row 1 of the input 'raw.orders' has 3 fields, and its header 2."],
  ['a value behind lines in quotes', ['note,id', '"a', 'b",1', 'c,-1'], "12:13 The value does not fit 'id' in row 2"],
  [
    'quotes that are not closed',
    ['id,note', '1,"a""', '2,b'],
    "10:13 Row 1 of the input 'raw.orders' has a field whose quotes do not close it.",
  ],
  ['text behind quotes', ['id,note', '1,a', '2,"a"b'], "11:13 Row 2 of the input 'raw.orders' has a field whose quotes do not close it."],
];

test('a mistake in CSV is told at its line and column', async () => {
  const outcomes = await Promise.all(
    csvMistakes.map(async ([, lines]) => {
      const rows = lines.map((line) => `          ${line}`);
      return run(
        totals,
        '  - name: t',
        '    model: m',
        '    given:',
        '      - input: raw.orders',
        '        format: csv',
        '        rows: | # by hand',
        ...rows,
        '    expect: { rows: [] }',
      );
    }),
  );

  for (const [index, [name, , says]] of csvMistakes.entries()) {
    const [said = ''] = outcomes[index] ?? [];
    assert.ok(said.startsWith(`UNIT_TEST_ROWS models/m.yaml:${says}`), `${name}: ${said}`);
    assert.equal(said.split('\n').length, 1, said);
  }
});

test('a list or a mapping where the column takes neither is told at its place', async () => {
  const outcomes = await run(
    totals,
    '  - { name: t, model: m, given: [{ input: raw.orders, rows: [{ id: 1 }, { id: [1], at: { day: 1 }, note: [a] }] }], expect: { rows: [] } }',
  );

  assert.deepEqual(outcomes, [
    [
      "UNIT_TEST_ROWS models/m.yaml:3:79 The value does not fit 'id' of the input 'raw.orders': a list is no UInt64.",
      "UNIT_TEST_ROWS models/m.yaml:3:88 The value does not fit 'at' of the input 'raw.orders': a mapping is no DateTime.",
    ].join('\n'),
  ]);
});

test('a row that ClickHouse refuses is told at its place', async () => {
  const files = oneModel(
    'select tags from {{source "raw" "orders"}}',
    '  - name: t',
    '    model: m',
    '    given:',
    '      - input: raw.orders',
    '        rows:',
    '          - { tags: [1] }',
    '          - { tags: 2 }',
    '    expect: { rows: [] }',
  );

  const [result] = await bench.run({
    ...files,
    'sources/raw.yaml': 'kind: source\nname: raw\ntables: [{ name: orders, columns: [{ name: tags, type: Array(UInt8) }] }]\n',
  });

  assert.match(
    result ? outcome(result) : '',
    /^UNIT_TEST_ROWS models\/m.yaml:9:13 The rows of the input 'raw.orders' cannot be read: A value does not parse in row 2/,
  );
});

test('rows stand for what is read with FINAL, and for columns that no table can have', async () => {
  const results = await bench.run({
    ...oneModel(
      'select o.id as id, s.step = interval 2 day as long from {{source "raw" "orders"}} as o final cross join {{ref "steps"}} as s',
      '  - name: t',
      '    model: m',
      '    given: [{ input: raw.orders, rows: [{ id: 1 }, { id: 1 }] }, { input: steps, format: sql, rows: select interval 2 day as step }]',
      '    expect: { rows: [{ id: 1, long: 1 }, { id: 1, long: 1 }] }',
      '  - name: none',
      '    model: n',
      '    given: [{ input: steps, rows: [] }]',
      '    expect: { rows: [{ count: 0 }] }',
    ),
    'models/steps.sql': '{{config materialized="view"}}\nselect interval 1 day as step',
    'models/n.sql': 'select count() as count from {{ref "steps"}} where step = interval 1 day',
  });

  assert.deepEqual(results.map(outcome), ['pass', 'pass']);
});

test('SQL that fails on the rows is an error of the model, not of the test', async () => {
  const outcomes = await run(
    'select toDate(assumeNotNull(note)) as day from {{source "raw" "orders"}}',
    '  - { name: t, model: m, given: [{ input: raw.orders, rows: [{ note: never }] }], expect: { rows: [] } }',
  );

  assert.match(
    outcomes[0] ?? '',
    /^WAREHOUSE_QUERY models\/m.yaml:3:13 The SQL of 'm' fails on the rows of the unit test 't': Cannot parse/,
  );
});

test('the incremental branch runs where the test says so, on what the table has before', async () => {
  const sql =
    '{{config materialized="incremental" order_by="id"}}\nselect id from {{source "raw" "orders"}} {{#if (is_incremental)}}where id > (select max(id) from {{this}}){{/if}}';
  const outcomes = await run(
    sql,
    '  - name: full',
    '    model: m',
    '    given: [{ input: raw.orders, rows: [{ id: 1 }, { id: 2 }] }]',
    '    expect: { rows: [{ id: 1 }, { id: 2 }] }',
    '  - name: increment',
    '    model: m',
    '    overrides: { macros: { is_incremental: true } }',
    '    given:',
    '      - { input: raw.orders, rows: [{ id: 1 }, { id: 2 }] }',
    '      - { input: this, rows: [{ id: 1 }] }',
    '    expect: { rows: [{ id: 2 }] }',
  );

  assert.deepEqual(outcomes, ['pass', 'pass']);
});

test('vars, variables of the environment and macros are what the test says', async () => {
  const results = await bench.run({
    ...oneModel(
      'select {{var "days" 1}} as days, \'{{env "REGION" "eu"}}\' as region, {{> half x="10"}} as half, {{shout "a"}} as loud',
      '  - { name: plain, model: m, expect: { rows: [{ days: 1, region: eu, half: 5, loud: A }] } }',
      '  - name: other',
      '    model: m',
      '    overrides: { vars: { days: 7 }, env: { REGION: in }, macros: { half: "42", shout: "\'b\'" } }',
      '    expect: { rows: [{ days: 7, region: in, half: 42, loud: b }] }',
      '  - { name: plain_again, model: m, expect: { rows: [{ days: 1, region: eu, half: 5, loud: A }] } }',
    ),
    'macros/half.hbs': '({{x}} / 2)',
    'macros/shout.ts': 'export const shout = (text: string): string => ["\'", text.toUpperCase(), "\'"].join(\'\');\n',
  });

  assert.deepEqual(results.map(outcome), ['pass', 'pass', 'pass']);
});

test('the clock stands still where the test says so', async () => {
  const outcomes = await run(
    `select now() as n, now('Asia/Kolkata') as k, today() as t, yesterday() as y, now64() as n64, now64(6, 'UTC') as n6, CURRENT_TIMESTAMP as c,
       utc_timestamp() as u, nowInBlock() as b, toStartOfMonth(now() - interval 1 month) as m, 'now()' as text, toString(today()) as s, note as now from {{source "raw" "orders"}} -- now()`,
    '  - name: t',
    '    model: m',
    '    overrides: { now: "2024-03-01 02:00:00.25+05:30" }',
    '    given: [{ input: raw.orders, rows: [{ note: a }] }]',
    '    expect:',
    '      rows:',
    '        - n: 2024-02-29 20:30:00',
    '          k: 2024-03-01 02:00:00',
    '          t: 2024-02-29',
    '          y: 2024-02-28',
    '          n64: 2024-02-29 20:30:00.250',
    '          n6: 2024-02-29 20:30:00.250000',
    '          c: 2024-02-29 20:30:00',
    '          u: 2024-02-29 20:30:00',
    '          b: 2024-02-29 20:30:00',
    '          m: 2024-01-01',
    '          text: now()',
    '          s: "2024-02-29"',
    '          now: a',
  );

  assert.deepEqual(outcomes, ['pass']);
});

test('parts of a model are compared by the name of their WITH', async () => {
  const sql = `with -- with x as (select
    a as (select id, ')' as text from {{source "raw" "orders"}} /* ( */ where id in (select 1 union all select 2)),
    12 as dozen,
    \`b c\` as (with inner_part as (select max(id) as id from a) select id + dozen as id from inner_part)
  select id from \`b c\``;
  const outcomes = await run(
    sql,
    '  - name: t',
    '    model: m',
    '    given: [{ input: raw.orders, rows: [{ id: 1 }, { id: 2 }, { id: 3 }] }]',
    '    expect:',
    '      rows: [{ id: 14 }]',
    '      ctes:',
    '        a: { rows: [{ id: 1, text: ")" }, { id: 2, text: ")" }] }',
    '        b c: { rows: [{ id: 14 }] }',
    '        inner_part: { rows: [{ id: 2 }] }',
    '  - name: unknown',
    '    model: m',
    '    given: [{ input: raw.orders, rows: [{ id: 1 }] }]',
    '    expect: { ctes: { aa: { rows: [] }, a: { rows: [{ id: 2 }] } } }',
  );

  assert.equal(outcomes[0], 'pass');
  assert.deepEqual(outcomes[1]?.split('\n'), [
    "UNIT_TEST_INPUT models/m.yaml:15:23 The SQL of 'm' has no WITH expression 'aa'.",
    "UNIT_TEST_FAILED models/m.yaml:12:11 The unit test 'unknown' got other rows of 'a' of 'm' than it expects: 1 different.",
    '            id',
    '  expected  2',
    '  got       1',
    '            ^',
  ]);
});

test('a macro is tried by itself: the SQL it renders to, and its value for each row', async () => {
  const results = await bench.run({
    ...oneModel(
      'select 1 as x',
      '  - { name: sql, macro: grade, arguments: { rate: r, best: "A+" }, expect: { sql: "if(r >= 10,  \'A+\', \'F\')" } }',
      '  - name: rows',
      '    macro: grade',
      '    arguments: { rate: rate, best: A }',
      '    given: [{ rows: [{ rate: 10 }, { rate: 9.99 }] }]',
      '    expect: { rows: [{ rate: 10, value: A }, { rate: 9.99, value: F }] }',
      '  - { name: value, macro: grade, arguments: { rate: 11, best: A }, expect: { rows: [{ value: F }] } }',
      '  - { name: other_sql, macro: grade, arguments: { rate: 1, best: A }, expect: { sql: x } }',
    ),
    'macros/grade.hbs': "{{!-- of a rate --}}\nif({{rate}} >= 10, '{{best}}', 'F')\n",
  });

  assert.deepEqual(
    results.map(({ status }) => status),
    ['pass', 'pass', 'fail', 'fail'],
  );
  assert.match(outcome(results[3] as (typeof results)[number]), /expected {2}x\n {2}got {7}if\(1 >= 10, 'A', 'F'\)$/);
});

test('values of all kinds are written as YAML has them and compared as ClickHouse writes them', async () => {
  const columns = {
    u: 'UInt256',
    f: 'Float64',
    d: 'Decimal(18, 6)',
    t: "DateTime64(3, 'Asia/Kolkata')",
    b: 'Bool',
    e: "Enum8('a,b' = 1, 'c' = 2)",
    arr: 'Array(Nullable(Int8))',
    map: 'Map(String, Array(UInt16))',
    tup: 'Tuple(x UInt8, `y z` Nullable(String))',
    lc: 'LowCardinality(Nullable(String))',
    id: 'UUID',
    ip: 'IPv4',
    s: 'FixedString(3)',
  };
  const row =
    "{ u: 123456789012345678901234567890, f: .nan, d: 1.000001, t: '2024-03-01 12:00:00.250', b: true, e: 'a,b', arr: [1, null, -128], map: { k: [1, 2] }, tup: { x: 1, 'y z': null }, lc: null, id: 61f0c404-5cb3-11e7-907b-a6006ad3dba0, ip: 10.0.0.1, s: abc }";
  const results = await bench.run({
    'sources/raw.yaml': `kind: source\nname: raw\ntables:\n  - name: all\n    columns:\n${Object.entries(columns)
      .map(([name, type]) => `      - { name: ${name}, type: ${JSON.stringify(type)} }\n`)
      .join('')}`,
    'models/m.sql': 'select * from {{source "raw" "all"}}',
    'models/m.yaml': [
      'kind: models',
      'unit_tests:',
      `  - { name: same, model: m, given: [{ input: raw.all, rows: [${row}] }], expect: { rows: [${row}] } }`,
      '  - { name: wrong, model: m, given: [{ input: raw.all, rows: [{ e: d, arr: [128], map: { k: [-1] }, tup: { x: 256 }, b: maybe }] }], expect: { rows: [] } }',
      '',
    ].join('\n'),
  });

  assert.equal(outcome(results[0] as (typeof results)[number]), 'pass');
  assert.deepEqual(
    outcome(results[1] as (typeof results)[number])
      .split('\n')
      .map((line) => line.replace(/.*: /, '')),
    ["'d' is none of a,b, c", 'Int8 ends at 127', 'UInt16 ends at 0', 'UInt8 ends at 255', "'maybe' is neither true nor false"].map(
      (why) => `${why}.`,
    ),
  );
});

test('a parent may have a type that ClickHouse makes only where it is told to', async () => {
  const results = await bench.run({
    ...oneModel(
      'select code + 1 as next from {{ref "coded"}}',
      '  - { name: given, model: m, given: [{ input: coded, rows: [{ code: 7 }] }], expect: { rows: [{ next: 8 }] } }',
      '  - { name: none, model: m, given: [], expect: { rows: [] } }',
    ),
    'models/coded.sql':
      '{{config materialized="table" query_settings=(map allow_suspicious_low_cardinality_types=1)}}\nselect toLowCardinality(toUInt16(id)) as code from {{source "raw" "orders"}}',
  });

  assert.deepEqual(results.map(outcome), ['pass', 'pass']);
});

test('sums of floats may differ in the last digits', async () => {
  const outcomes = await run(
    'select sum(x) as s, groupArray(x / 3) as l from (select toFloat64(price) as x from {{source "raw" "orders"}})',
    '  - { name: close, model: m, given: [{ input: raw.orders, rows: [{ price: 0.1 }, { price: 0.2 }] }], expect: { rows: [{ s: 0.3, l: [0.0333333333333, 0.0666666666667] }] } }',
    '  - { name: far, model: m, given: [{ input: raw.orders, rows: [{ price: 0.1 }] }], expect: { rows: [{ s: 0.1001 }] } }',
  );

  assert.equal(outcomes[0], 'pass');
  assert.match(outcomes[1] ?? '', /UNIT_TEST_FAILED/);
});

test('an ephemeral parent may be given, or what it reads itself', async () => {
  const results = await bench.run({
    ...oneModel(
      'select id * 2 as twice from {{ref "e"}}',
      '  - { name: itself, model: m, given: [{ input: e, rows: [{ id: 4 }] }], expect: { rows: [{ twice: 8 }] } }',
      '  - { name: below, model: m, given: [{ input: raw.orders, rows: [{ id: 4 }] }], expect: { rows: [{ twice: 10 }] } }',
    ),
    'models/e.sql': '{{config materialized="ephemeral"}}\nselect id + 1 as id from {{source "raw" "orders"}}',
  });

  assert.deepEqual(results.map(outcome), ['pass', 'pass']);
});

test('a seed without rows gives those of its file, and an input read with FINAL takes its rows as they are', async () => {
  const results = await bench.run({
    'sources/seeds/grade.csv.gz': new Uint8Array(await gzip('id,grade\n1,A\n2,B\n')),
    'sources/seeds/grade.yaml': 'kind: seeds\nseeds: [{ name: grade, config: { column_types: { id: UInt8, grade: String } } }]\n',
    'models/t.sql': '{{config materialized="table" engine="ReplacingMergeTree" order_by="id"}}\nselect toUInt8(1) as id',
    'models/m.sql': 'select t.id as id, g.grade as grade from {{ref "t" final=true}} as t left join {{ref "grade"}} as g on g.id = t.id',
    'models/m.yaml':
      'kind: models\nunit_tests:\n  - { name: t, model: m, given: [{ input: ref("grade") }, { input: t, rows: [{ id: 2 }, { id: 2 }] }], expect: { rows: [{ id: 2, grade: B }, { id: 2, grade: B }] } }\n',
  });

  assert.deepEqual(results.map(outcome), ['pass']);
});

test('the types of a source without columns are guessed from its rows', async () => {
  const results = await bench.run({
    'sources/raw.yaml': 'kind: source\nname: raw\ntables: [{ name: orders }]\n',
    'models/m.sql': 'select sum(price) as total from {{source "raw" "orders"}}',
    'models/m.yaml':
      'kind: models\nunit_tests:\n  - { name: t, model: m, given: [{ input: raw.orders, rows: [{ price: 1 }, { price: 2 }] }], expect: { rows: [{ total: 3 }] } }\n  - { name: none, model: m, given: [{ input: raw.orders, rows: [] }], expect: { rows: [{ total: 0 }] } }\n',
  });

  assert.deepEqual(results.map(outcome), [
    'pass',
    "UNIT_TEST_INPUT models/m.yaml:4:46 The columns of the input 'raw.orders' are not known.",
  ]);
});

test('rows that differ are shown in the width there is, and no more than anybody reads', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `column_${index}`);
  const outcomes = await run(
    `select ${names.map((name) => `toString(id) as ${name}`).join(', ')} from {{source "raw" "orders"}}`,
    '  - name: t',
    '    model: m',
    `    given: [{ input: raw.orders, rows: [${names.map((_, index) => `{ id: ${index + 100} }`).join(', ')}] }]`,
    `    expect: { rows: [{ ${names.map((name) => `${name}: "${name === 'column_25' ? 'x'.repeat(99) : '100'}"`).join(', ')} }] }`,
  );

  const lines = outcomes[0]?.split('\n').slice(1) ?? [];
  assert.ok(
    lines.every((line) => line.length <= 100),
    lines.join('\n'),
  );
  assert.match(lines[0] ?? '', /column_0 .*column_25$/);
  assert.match(lines[1] ?? '', /^ {2}expected {2}100 .*x…$/);
  assert.match(lines.join('\n'), /… and 20 more rows that differ\n {2}… and \d+ columns without room$/);
});

async function gzip(text: string): Promise<ArrayBuffer> {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();
}

test('rows may stand for a dictionary, whichever way it is named, and for a history', async () => {
  const results = await bench.run({
    ...oneModel(
      `select id, dictGet({{ref "tier"}}, 'name', id) as a, dictGet('dbt.tier', 'name', id) as b, versions
       from {{source "raw" "orders"}} left join (select id, count() as versions from {{ref "history"}} group by id) as h using (id)`,
      '  - name: t',
      '    model: m',
      '    given:',
      '      - { input: raw.orders, rows: [{ id: 1 }, { id: 2 }] }',
      '      - { input: tier, rows: [{ id: 1, name: gold }] }',
      '      - { input: history, rows: [{ id: 2 }, { id: 2 }] }',
      '    expect: { rows: [{ id: 1, a: gold, b: gold, versions: 0 }, { id: 2, a: "", b: "", versions: 2 }] }',
      '  - { name: none, model: m, given: [{ input: raw.orders, rows: [{ id: 1 }] }], expect: { rows: [{ id: 1, a: "", b: "" }] } }',
      '  - { name: itself, model: tier, given: [{ input: raw.orders, rows: [{ id: 1, note: x }] }], expect: { rows: [{ id: 1, name: x }] } }',
      '  - { name: history, model: history, given: [{ input: raw.orders, rows: [{ id: 1 }] }], expect: { rows: [{ id: 1 }] } }',
    ),
    'models/tier.sql': `{{config materialized="dictionary" primary_key="id"}}\nselect id, ifNull(note, '') as name from {{source "raw" "orders"}}`,
    'models/history.sql':
      '{{config materialized="snapshot" unique_key="id" check_cols="all"}}\nselect id, price from {{source "raw" "orders"}}',
  });

  assert.deepEqual(results.map(outcome), ['pass', 'pass', 'pass', 'pass']);
});
