import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { GccflowError } from '../../framework/foundation/error.ts';
import { findProjectDir } from '../../framework/project/find-project.ts';
import { type Files, projectDir } from '../support/project-dir.ts';

const jinjaHint =
  'Write {{ref "x"}}, {{#if (is_incremental)}}…{{/if}}, {{#each (var "x")}}…{{/each}}: no parentheses around all, no commas.';

/** Each mistake, the files that make it, and the whole report: code, place, message, hint. */
const cases: readonly { readonly name: string; readonly files: Files; readonly expected: readonly string[] }[] = [
  {
    name: 'YAML that does not parse is named with its place',
    files: { 'models/m.yaml': 'kind: models\nkind: models\n' },
    expected: ['YAML_SYNTAX models/m.yaml:2:1 Map keys must be unique.'],
  },
  {
    name: 'of YAML that does not parse the first mistake is told, because the others follow from it',
    files: { 'models/m.yaml': 'kind: models\nmodels:\n  - name: a\n\tcolumns: []\n  - name: b\n' },
    expected: ['YAML_SYNTAX models/m.yaml:4:1 Tabs are not allowed as indentation.'],
  },
  {
    name: 'an API that cannot be read is the only mistake, though flows call it',
    files: {
      'sources/api.yaml': 'kind: api\nname: tube\nbase_url: tube.example.com\n',
      'flows/a.yaml': 'kind: flow\nname: a\nretrieve: { api: tube, path: /a }\n',
    },
    expected: [
      "VALUE_INVALID sources/api.yaml:3:11 'base_url': an address like https://graph.facebook.com is expected, without login, query and fragment.",
    ],
  },
  {
    name: 'what a variable that is not set leaves unfit is no mistake of its own',
    files: { 'sources/api.yaml': `kind: api\nname: tube\nbase_url: '{{env "TUBE_ADDRESS_X"}}'\n` },
    expected: [
      "ENV_MISSING sources/api.yaml:3:11 The environment variable 'TUBE_ADDRESS_X' is not set. | Set it, for example: export TUBE_ADDRESS_X=…",
    ],
  },
  {
    name: 'an API that shows a secret names the credentials it is of',
    files: { 'sources/api.yaml': "kind: api\nname: tube\nbase_url: http://tube\nauth: { bearer: '{token}' }\n" },
    expected: [
      "VALUE_INVALID sources/api.yaml:4:7 'auth' shows 'token' of a credential, and the API has no 'credentials'. | Say whose: credentials: { source: … }; `gccflow credentials add` stores one.",
    ],
  },
  {
    name: 'a model that does not parse is the only mistake, though others read and describe it',
    files: {
      'models/a.sql': 'select {{ref "b"}',
      'models/b.sql': 'select * from {{ref "a"}}',
      'models/m.yaml': 'kind: models\nmodels:\n  - name: a\n',
    },
    expected: ['TEMPLATE_SYNTAX models/a.sql:1:8 The template does not parse here. | Look for an unclosed {{, quote or parenthesis.'],
  },
  {
    name: 'Jinja is named, in expressions and statements',
    files: {
      'models/a.sql': "select 1 from {{ ref('b') }}",
      'models/b.sql': 'select 1\n  {% if is_incremental() %} where 1 {% endif %}\n-- {% is text',
    },
    expected: [
      `TEMPLATE_SYNTAX models/a.sql:1:18 The template does not parse here. | ${jinjaHint}`,
      `TEMPLATE_SYNTAX models/b.sql:2:3 This is a statement of Jinja; templates are Handlebars. | ${jinjaHint}`,
    ],
  },
  {
    name: 'is_incremental without its parentheses',
    files: { 'models/a.sql': 'select 1 {{#if is_incremental}} where 1 {{/if}}' },
    expected: [
      "MACRO_NOT_FOUND models/a.sql:1:16 No helper has the name 'is_incremental'. | Write {{#if (is_incremental)}}: the parentheses call it.",
    ],
  },
  {
    name: 'a key of the config beside it',
    files: { 'models/a.sql': 'select 1', 'models/m.yaml': 'kind: models\nmodels:\n  - name: a\n    meta: { owner: me }\n' },
    expected: ["KEY_UNKNOWN models/m.yaml:4:5 The key 'meta' is one of the config. | Write: config: { meta: … }."],
  },
  {
    name: 'a materialized view that reads a model first, at the model',
    files: {
      'models/a.sql': 'select 1 as x',
      'models/b.sql': '{{config materialized="materialized_view" order_by="x" watermark="x"}}\nselect x from {{ref "a"}}',
    },
    expected: [
      `CONFIG_CONFLICT models/b.sql:2:21 The materialized view 'b' reads the model 'a' first, which is replaced as a whole and never inserted into, so ClickHouse would never show it a row. | Let its SELECT name a source first, or let ClickHouse run it again and again: refresh="every 1 hour".`,
    ],
  },
  {
    name: 'files that stand where dbt has them are not passed over',
    files: {
      'seeds/a.csv': 'id\n1\n',
      'tests/b.sql': 'select 1',
      'macros/c.sql': 'select 1',
      'macros/c.yaml': 'macros: []',
      'models/d.py': 'def model(dbt, session): pass',
      'snapshots/e/f.sql': '{% snapshot f %}select 1{% endsnapshot %}',
      'selectors.yml': 'selectors: []',
      'tests/notes.md': 'mine',
    },
    expected: [
      'FILE_MISPLACED macros/c.sql:1:1 A macro is not looked for here. | A macro is a partial, macros/NAME.hbs, or a function of macros/*.ts.',
      'FILE_MISPLACED macros/c.yaml:1:1 What describes a test or macro is not looked for here. | The config of a test stands in its SQL; what a macro takes, in a comment of its file.',
      'FILE_MISPLACED models/d.py:1:1 A model in Python is not looked for here. | Models are SELECTs, models/NAME.sql; other code is a step of a flow.',
      'FILE_MISPLACED seeds/a.csv:1:1 A seed is not looked for here. | Seeds stand in sources/seeds/.',
      'FILE_MISPLACED selectors.yml:1:1 A list of selectors is not looked for here. | Name it selectors.yaml.',
      'FILE_MISPLACED snapshots/e/f.sql:1:1 A snapshot is not looked for here. | A snapshot is a model, models/NAME.sql, with materialized="snapshot" and without the block around it.',
      'FILE_MISPLACED tests/b.sql:1:1 A test is not looked for here. | Tests stand in tests/data/, generic ones in tests/generic/.',
    ],
  },
  {
    name: 'an unknown key stands at the key itself, with the nearest name',
    files: { 'models/a.sql': 'select 1', 'models/m.yaml': 'kind: models\nmodels:\n  - name: a\n    descripton: x\n' },
    expected: ["KEY_UNKNOWN models/m.yaml:4:5 The key 'descripton' is not known here. | Did you mean 'description'?"],
  },
  {
    name: 'an unknown config key in SQL stands at the key itself',
    files: { 'models/a.sql': '{{config materialised="table"}}\nselect 1' },
    expected: ["KEY_UNKNOWN models/a.sql:1:10 The key 'materialised' is not known here. | Did you mean 'materialized'?"],
  },
  {
    name: 'an unknown config key in a properties file stands at the key itself',
    files: { 'models/a.sql': 'select 1', 'models/m.yaml': 'kind: models\nmodels:\n  - name: a\n    config: { ordr_by: id }\n' },
    expected: ["KEY_UNKNOWN models/m.yaml:4:15 The key 'ordr_by' is not known here. | Did you mean 'order_by'?"],
  },
  {
    name: 'a name in project.yaml that is neither config nor folder is a mistake',
    files: {
      'project.yaml': 'name: shop\ntargets: { dev: {} }\nmodels:\n  stagin: { tags: [x] }\n',
      'models/staging/a.sql': 'select 1',
    },
    expected: ["KEY_UNKNOWN project.yaml:4:3 'stagin' is neither a config key nor a folder or node in 'models'. | Did you mean 'staging'?"],
  },
  {
    name: 'what dbt knows and gccflow does not comes with what to write instead',
    files: {
      'models/a.sql': '{{config incremental_strategy="merge"}}\nselect 1',
      'models/b.sql': '{{config incremental_strategy="delete+insert"}}\nselect 1',
      'models/c.sql': '{{config incremental_strategy="apend"}}\nselect 1',
      'models/d.sql': '{{config incremental_strategy="constructor"}}\nselect 1',
    },
    expected: [
      "VALUE_INVALID models/a.sql:1:31 'incremental_strategy': one of append, delete_insert, insert_overwrite, interval, microbatch is expected. | Rows are replaced by key with 'delete_insert' and a 'unique_key', or with 'append' on a ReplacingMergeTree.",
      "VALUE_INVALID models/b.sql:1:31 'incremental_strategy': one of append, delete_insert, insert_overwrite, interval, microbatch is expected. | Did you mean 'delete_insert'?",
      "VALUE_INVALID models/c.sql:1:31 'incremental_strategy': one of append, delete_insert, insert_overwrite, interval, microbatch is expected. | Did you mean 'append'?",
      "VALUE_INVALID models/d.sql:1:31 'incremental_strategy': one of append, delete_insert, insert_overwrite, interval, microbatch is expected.",
    ],
  },
  {
    name: "a materialization of dbt's comes with what to write instead",
    files: { 'models/a.sql': '{{config materialized="distributed_incremental"}}\nselect 1' },
    expected: [
      "MATERIALIZATION_UNKNOWN models/a.sql:1:23 The model 'a' names the materialization 'distributed_incremental', which does not exist. | Materialize it as 'incremental'.",
    ],
  },
  {
    name: "dbt's name of a key of snapshots comes with ours",
    files: {
      'models/a.sql': '{{config materialized="snapshot" unique_key="id" check_cols="all" dbt_valid_to_current="now()"}}\nselect 1 as id',
    },
    expected: ["KEY_UNKNOWN models/a.sql:1:67 The key 'dbt_valid_to_current' is not known here. | Did you mean 'valid_to_current'?"],
  },
  {
    name: 'a mistake in an argument of a test stands at the argument',
    files: {
      'models/a.sql': 'select 1 as id',
      'models/m.yaml': `kind: models
models:
  - name: a
    columns:
      - name: id
        tests:
          - relationships:
              to: orders
              field: id
          - relationships: { arguments: { to: customers, field: id } }
          - relationships: { to: a, field: 1 }
          - relationships: { to: a, feild: id, field: id }
`,
    },
    expected: [
      "REF_NOT_FOUND models/m.yaml:8:19 Test 'relationships_a_id__id__orders' refers to 'orders', which no file defines.",
      "REF_NOT_FOUND models/m.yaml:10:47 Test 'relationships_a_id__id__customers' refers to 'customers', which no file defines.",
      "VALUE_INVALID models/m.yaml:11:44 'field': a value of type string is expected.",
      "KEY_UNKNOWN models/m.yaml:12:37 The key 'feild' is not known here. | Did you mean 'field'?",
    ],
  },
  {
    name: 'a value of the wrong type names key and type',
    files: { 'project.yaml': 'name: shop\ntargets: { dev: { threads: lots } }\n' },
    expected: ["VALUE_INVALID project.yaml:2:28 'threads': a value of type number is expected."],
  },
  {
    name: 'a duration without a unit names what one looks like',
    files: { 'models/a.yaml': 'kind: models\nmodels: [{ name: a, config: { timeout: 5 } }]\n', 'models/a.sql': 'select 1 as x' },
    expected: ["VALUE_INVALID models/a.yaml:2:40 'timeout': a duration is expected, for example 500ms, 2s, 5m, 4h or 1d."],
  },
  {
    name: 'a text that stands for a list of one is named as such',
    files: {
      'sinks/s.yaml': 'kind: sink\nname: s\nqueue: { name: q }\nto: { postgres: t, key: ident }\ncolumns: { id: bigint }\n',
    },
    expected: ["VALUE_INVALID sinks/s.yaml:4:25 'key': 'ident' is none of the columns."],
  },
  {
    name: 'a path that begins with no slash is shown one that does',
    files: {
      'sources/i.yaml': 'kind: ingest\nname: i\nhttp: { routes: [{ path: order, publish: [{ exchange: x, routing_key: y }] }] }\n',
    },
    expected: ["VALUE_INVALID sources/i.yaml:3:26 'path': a path is expected, for example /shopify/event."],
  },
  {
    name: 'a config value outside its range stands at the value in the SQL',
    files: { 'models/a.sql': 'select 1 as x\n{{config on_schema_change="igore"}}' },
    expected: [
      "VALUE_INVALID models/a.sql:2:27 'on_schema_change': one of fail, ignore, append_new_columns, sync_all_columns is expected. | Did you mean 'ignore'?",
    ],
  },
  {
    name: 'a missing key stands at the mapping that lacks it',
    files: { 'models/m.yaml': 'kind: models\nmodels:\n  - description: x\n' },
    expected: ["VALUE_INVALID models/m.yaml:3:5 The key 'name' is missing."],
  },
  {
    name: 'a file of an unknown kind is offered the nearest kind',
    files: { 'sources/s.yaml': 'kind: sorce\nname: x\n' },
    expected: ["VALUE_INVALID sources/s.yaml:1:7 'sorce' is no kind of file. | Did you mean 'source'?"],
  },
  {
    name: 'an unclosed tag is a syntax error where it begins',
    files: { 'models/a.sql': 'select 1\nfrom {{ref "x"' },
    expected: [
      'TEMPLATE_SYNTAX models/a.sql:2:6 The template ends inside a tag or block. | Close every {{…}}, and every {{#block}} with its {{/block}}.',
    ],
  },
  {
    name: 'a block that is not closed is a syntax error where it begins',
    files: { 'models/a.sql': 'select 1\n{{#if (is_incremental)}}\nwhere 1\n' },
    expected: [
      'TEMPLATE_SYNTAX models/a.sql:2:1 The template ends inside a tag or block. | Close every {{…}}, and every {{#block}} with its {{/block}}.',
    ],
  },
  {
    name: 'a block closed by another name is a syntax error at its end',
    files: { 'models/a.sql': 'select 1\n{{#if (is_incremental)}}where 1{{/each}}\n' },
    expected: ["TEMPLATE_SYNTAX models/a.sql:2:32 The template does not parse: if doesn't match each."],
  },
  {
    name: 'a ref with an argument that is no literal is refused, because the graph is read without rendering',
    files: { 'models/a.sql': 'select 1 from {{ref name}}' },
    expected: [
      'TEMPLATE_ARGUMENT models/a.sql:1:17 {{ref}} takes one literal name, and final=true or false. | Write {{ref "name"}}; an argument of a test is given as \'{{ref "stg_post"}}\' and read as {{name}}.',
    ],
  },
  {
    name: 'a model that a test of the project takes as its argument is named where the test is declared',
    files: {
      'tests/generic/adds_up.sql': 'select * from {{model}} where id not in (select id from {{ref to}})',
      'tests/generic/as_many.sql': 'select * from {{model}} where id not in (select id from {{to}})',
      'models/a.sql': 'select 1 as id',
      'models/m.yaml': `kind: models\nmodels:\n  - name: a\n    tests:\n      - as_many:\n          to: '{{ref "b"}}'\n`,
    },
    expected: [
      "REF_NOT_FOUND models/m.yaml:6:21 Test 'as_many_a__ref_b_' refers to 'b', which no file defines. | Did you mean 'a'?",
      `TEMPLATE_ARGUMENT tests/generic/adds_up.sql:1:59 {{ref}} takes one literal name, and final=true or false. | Write {{ref "to"}}; an argument of a test is given as '{{ref "stg_post"}}' and read as {{to}}.`,
    ],
  },
  {
    name: 'an argument of a macro that has the name of a helper is told to be hidden by it',
    files: { 'macros/channel.hbs': 'lower({{source}})', 'models/a.sql': `select {{> channel source="'x'"}} as c` },
    expected: [
      `TEMPLATE_ARGUMENT macros/channel.hbs:1:9 {{source}} takes two literal texts, the source and its table, and final=true or false. | Write {{source "beat" "profile"}}. An argument cannot be called 'source': the helper hides it.`,
    ],
  },
  {
    name: 'a comment and a call of a package of Jinja are named',
    files: { 'models/a.sql': 'select\n  1 {# one #}', 'models/b.sql': "select {{ dbt_utils.key(['id']) }}" },
    expected: [
      'TEMPLATE_SYNTAX models/a.sql:2:5 This is a comment of Jinja; templates are Handlebars. | Write {{!-- … --}}.',
      `TEMPLATE_SYNTAX models/b.sql:1:21 The template does not parse here. | ${jinjaHint}`,
    ],
  },
  {
    name: 'a key whose value is refused is not missed',
    files: {
      'models/a.sql':
        '{{config materialized="incremental" incremental_strategy="interval" event_time="day" begin="2024-01-01" batch_size="week" order_by="day" partition_by="day"}}select {{interval_start}} as day',
    },
    expected: ["VALUE_INVALID models/a.sql:1:116 'batch_size': one of hour, day, month, year is expected."],
  },
  {
    name: 'an engine that is written wrong is told once',
    files: {
      'models/a.sql': '{{config materialized="table" engine="ReplacingMergeTre(v)" order_by="id" partition_by="id"}}select 1 as id, 2 as v',
      'models/b.sql': '{{config materialized="incremental" engine="MergTree" order_by="id"}}select 1 as id',
    },
    expected: [
      "CONFIG_CONFLICT models/a.sql:1:38 The model 'a': 'order_by' needs an engine of the MergeTree family, and the engine is 'ReplacingMergeTre(v)'. | Did you mean 'ReplacingMergeTree'?",
      "CONFIG_CONFLICT models/b.sql:1:44 The model 'b': An incremental model is written into a clone of its table, and ClickHouse cannot clone the engine 'MergTree'. | Did you mean 'MergeTree'?",
    ],
  },
  {
    name: 'a config value that is no literal is refused',
    files: { 'models/a.sql': '{{config tags=(var "x" 1)}}select 1' },
    expected: [
      "TEMPLATE_ARGUMENT models/a.sql:1:15 The config key 'tags' has no literal value. | Config is read before rendering: write a text, number, true, false, null, (list …) or (map …).",
    ],
  },
  {
    name: 'a second statement stands at its first word',
    files: { 'models/a.sql': "select ';' -- ;\n/* ; */;\n\n  select 2" },
    expected: [
      "MODEL_STATEMENTS models/a.sql:4:3 The model 'a' holds more than one statement. | Keep one SELECT in the file; other statements belong into pre_hook and post_hook.",
    ],
  },
  {
    name: 'a file with config and comments only holds no statement',
    files: { 'models/a.sql': '{{config materialized="table"}}\n-- nothing; yet\n;' },
    expected: ["MODEL_STATEMENTS models/a.sql:1:1 The model 'a' holds no statement. | Write one SELECT."],
  },
  {
    name: 'one mistake in a properties file does not hide those in the rest of it',
    files: {
      'models/a.sql': 'select 1',
      'models/m.yaml':
        'kind: models\nmodels:\n  - name: nobody\n    descripton: x\n  - name: a\n    columns: 3\n  - name: a\n    columns: [{ name: id, tests: [no_nulls] }]\n',
    },
    expected: [
      "REF_NOT_FOUND models/m.yaml:3:11 The properties of 'nobody' belong to no model: no file has that name.",
      "KEY_UNKNOWN models/m.yaml:4:5 The key 'descripton' is not known here. | Did you mean 'description'?",
      "VALUE_INVALID models/m.yaml:6:14 'columns': a value of type array is expected.",
      "TEST_UNKNOWN models/m.yaml:8:35 The generic test 'no_nulls' does not exist. | Did you mean 'not_null'?",
    ],
  },
  {
    name: 'a macro that gets no value for a name it needs is a mistake of its call, also through another macro',
    files: {
      'macros/inner.hbs': '{{x}}{{y}}{{#if z}}{{z}}{{/if}}',
      'macros/outer.hbs': '{{> inner x=1}}',
      'models/a.sql': 'select {{> inner x=1 y=2}}, {{> inner y=2}},\n{{> outer}}, {{> outer y=1}}, {{#> inner x=1}}1{{/inner}}',
    },
    expected: [
      "TEMPLATE_ARGUMENT models/a.sql:1:33 The macro 'inner' needs 'x', which this call does not give. | Write {{> inner x=…}}.",
      "TEMPLATE_ARGUMENT models/a.sql:2:5 The macro 'outer' needs 'y', which this call does not give. | Write {{> outer y=…}}.",
      "TEMPLATE_ARGUMENT models/a.sql:2:36 The macro 'inner' needs 'y', which this call does not give. | Write {{> inner y=…}}.",
    ],
  },
  {
    name: 'a unit test gives a macro all that it needs',
    files: {
      'macros/channel.hbs': 'lower({{origin}}) = {{medium}}',
      'models/m.yaml': `kind: models
unit_tests:
  - name: channels
    macro: channel
    arguments: { origin: s }
    expect: { sql: x }
`,
    },
    expected: [
      "TEMPLATE_ARGUMENT models/m.yaml:5:16 The unit test 'channels' does not give 'medium', which the macro 'channel' needs. | Write it below the test's 'arguments:'.",
    ],
  },
  {
    name: 'a call of env that cannot be read is a mistake, also of a target that is not asked for',
    files: {
      'project.yaml':
        "name: p\ntarget: dev\ntargets:\n  dev: {}\n  prod: { broker: { type: rabbitmq, url: '{{env RABBIT}}' }, limiter: { type: redis, url: '{{env \"NOT_SET\"}}' } }\n",
      'sinks/a.yaml': "kind: sync\nname: a\nfrom: b\nto: '{{env TABLE}}'\n",
      'models/b.sql': 'select 1 as id',
    },
    expected: [
      'TEMPLATE_ARGUMENT project.yaml:5:42 {{env}} takes one literal name and a default. | Write {{env "NAME"}} or {{env "NAME" "default"}}.',
      'TEMPLATE_ARGUMENT sinks/a.yaml:4:5 {{env}} takes one literal name and a default. | Write {{env "NAME"}} or {{env "NAME" "default"}}.',
    ],
  },
  {
    name: 'a file that is no UTF-8 text is named with the place of its first wrong byte',
    files: { 'models/a.sql': Buffer.from('select 1,\n \xff', 'latin1'), 'models/b.sql': 'select \0' },
    expected: [
      "FILE_UNREADABLE models/a.sql:2:2 'models/a.sql' cannot be read: it is no UTF-8 text.",
      "FILE_UNREADABLE models/b.sql:1:8 'models/b.sql' cannot be read: it is no UTF-8 text.",
    ],
  },
  {
    name: 'an alias without its anchor, or inside of it, is a syntax error, and so is one that unfolds without end',
    files: {
      'models/a.yaml': 'kind: models\nmodels: *nothing\n',
      'models/b.yaml': 'kind: models\nmodels: &all [{ name: x, config: { meta: { all: *all } } }]\n',
      'models/c.yaml': `kind: models\n${['a', 'b', 'c', 'd', 'e'].map((key, n) => `${key}: &${key} [${`${n === 0 ? 'x' : `*${'abcd'[n - 1]}`},`.repeat(9)}]\n`).join('')}`,
    },
    expected: [
      "YAML_SYNTAX models/a.yaml:2:9 No anchor '&nothing' stands above.",
      "YAML_SYNTAX models/b.yaml:2:49 The alias '*all' stands inside of what it names.",
      'YAML_SYNTAX models/c.yaml:1:1 The file cannot be read: Excessive alias count indicates a resource exhaustion attack.',
    ],
  },
  {
    name: 'two models of one name in two folders are both named',
    files: { 'models/x/a.sql': 'select 1', 'models/y/a.sql': 'select 2' },
    expected: [
      "NAME_DUPLICATE models/y/a.sql:1:1 The model 'a' is also defined in models/x/a.sql:1:1. | Names are unique in a project, whatever the folder; rename one.",
    ],
  },
  {
    name: 'two nodes that would be one relation are both named',
    files: { 'models/a.sql': 'select 1', 'models/b.sql': '{{config alias="a"}}select 2' },
    expected: [
      "NAME_DUPLICATE models/b.sql:1:1 'b' and 'a' of models/a.sql:1:1 are both the relation `dbt`.`a`. | Give one another 'alias' or 'database'.",
    ],
  },
  {
    name: 'two macros of one name, and a helper of a name that gccflow takes, are duplicates',
    files: { 'macros/x/m.hbs': '1', 'macros/y/m.hbs': '2', 'macros/h.ts': 'export const ref = () => 1;\n' },
    expected: [
      "NAME_DUPLICATE macros/h.ts:1:1 The helper 'ref' is also defined by gccflow itself. | Export it under another name.",
      "NAME_DUPLICATE macros/y/m.hbs:1:1 The macro 'm' is also defined in macros/x/m.hbs. | Names are unique whatever the folder; rename one.",
    ],
  },
  {
    name: 'an unset variable of the environment is a mistake in SQL and in YAML',
    files: {
      'models/a.sql': 'select {{env "REGION"}}, {{env "ZONE" "a"}}',
      'sources/s.yaml': `kind: source\nname: raw\ndatabase: '{{env "RAW_DB"}}'\ndescription: '{{env "NOTE" "none"}}'\n`,
    },
    expected: [
      "ENV_MISSING models/a.sql:1:14 The environment variable 'REGION' is not set. | Set it, for example: export REGION=…",
      "ENV_MISSING sources/s.yaml:3:11 The environment variable 'RAW_DB' is not set. | Set it, for example: export RAW_DB=…",
    ],
  },
  {
    name: 'an unknown ref stands at the name, with the nearest one',
    files: { 'models/stg_profile.sql': 'select 1', 'models/b.sql': 'select *\nfrom {{ref "stg_profil"}}' },
    expected: ["REF_NOT_FOUND models/b.sql:2:12 Model 'b' refers to 'stg_profil', which no file defines. | Did you mean 'stg_profile'?"],
  },
  {
    name: 'a ref in the branch that is not taken counts too',
    files: { 'models/b.sql': 'select 1 {{#if (is_incremental)}}{{else}}from {{ref "elsewhere"}}{{/if}}' },
    expected: ["REF_NOT_FOUND models/b.sql:1:53 Model 'b' refers to 'elsewhere', which no file defines."],
  },
  {
    name: 'a ref to a disabled model says that it is disabled',
    files: { 'models/a.sql': '{{config enabled=false}}select 1', 'models/b.sql': 'select * from {{ref "a"}}' },
    expected: [
      "REF_NOT_FOUND models/b.sql:1:21 Model 'b' refers to 'a', which is disabled. | Enable it (enabled: true in its config), or disable what refers to it too.",
    ],
  },
  {
    name: 'properties of a model that no file defines are a mistake',
    files: { 'models/abc.sql': 'select 1', 'models/m.yaml': 'kind: models\nmodels:\n  - name: abd\n' },
    expected: ["REF_NOT_FOUND models/m.yaml:3:11 The properties of 'abd' belong to no model: no file has that name. | Did you mean 'abc'?"],
  },
  {
    name: 'freshness that cannot mean what it says is named where it stands',
    files: {
      'sources/s.yaml': `kind: source
name: raw
tables:
  - { name: a, loaded_at: at, freshness: { filter: 'x > 1' } }
  - { name: b, freshness: { warn_after: 2d, error_after: 1d } }
  - { name: c, loaded_at: at, loaded_at_query: select now() }
`,
      'sources/t.yaml': `kind: source
name: parts
freshness: { error_after: 1d, filter: 'x > 1' }
tables: [{ name: a }, { name: b, loaded_at: at }, { name: c, freshness: null }]
`,
    },
    expected: [
      "CONFIG_CONFLICT sources/s.yaml:4:42 Freshness has neither 'warn_after' nor 'error_after'. | Say how old the newest row may be, for example warn_after: 12h.",
      "CONFIG_CONFLICT sources/s.yaml:5:41 'warn_after' is longer than 'error_after', so that it would never warn.",
      "CONFIG_CONFLICT sources/s.yaml:6:48 'loaded_at' and 'loaded_at_query' exclude each other. | Keep the one that tells when rows were loaded.",
      "CONFIG_CONFLICT sources/t.yaml:3:39 The table 'a' has a freshness filter, and no 'loaded_at' whose rows it could filter. | Declare 'loaded_at', or remove the filter.",
    ],
  },
  {
    name: 'an unknown source table is offered the nearest one',
    files: {
      'sources/s.yaml': 'kind: source\nname: raw\ntables: [{ name: event }]\n',
      'models/a.sql': 'select * from {{source "raw" "events"}}',
    },
    expected: [
      "SOURCE_NOT_FOUND models/a.sql:1:24 Model 'a' reads the source table 'raw.events', which no file declares. | Did you mean 'raw.event'?",
    ],
  },
  {
    name: 'an unknown macro is offered the nearest one',
    files: { 'macros/grade.hbs': '1', 'models/a.sql': 'select {{> grad}}' },
    expected: ["MACRO_NOT_FOUND models/a.sql:1:12 The macro 'grad' does not exist. | Did you mean 'grade'?"],
  },
  {
    name: 'an unknown helper is a mistake, and a macro called like one is told apart',
    files: { 'macros/grade.hbs': '1', 'models/a.sql': 'select {{grade}}, {{plus 1 2}}' },
    expected: [
      "MACRO_NOT_FOUND models/a.sql:1:10 No helper has the name 'grade'. | 'grade' is a macro: write {{> grade}}.",
      "MACRO_NOT_FOUND models/a.sql:1:21 No helper has the name 'plus'. | Helpers are exported functions of macros/*.ts.",
    ],
  },
  {
    name: 'a mistake inside a macro is reported once, in the macro',
    files: { 'macros/m.hbs': '\n{{ref "gone"}}', 'models/a.sql': 'select {{> m}}', 'models/b.sql': 'select {{> m}}' },
    expected: ["REF_NOT_FOUND macros/m.hbs:2:7 The macro 'm' refers to 'gone', which no file defines."],
  },
  {
    name: 'a var without value and default is a mistake',
    files: {
      'project.yaml': 'name: shop\ntargets: { dev: {} }\nvars: { days: 3 }\n',
      'models/a.sql': 'select {{var "day"}}, {{var "other" 1}}, {{var "third" default="x"}}',
    },
    expected: ["VAR_NOT_FOUND models/a.sql:1:14 The var 'day' has no value and no default. | Did you mean 'days'?"],
  },
  {
    name: 'an unknown materialization stands where it is configured',
    files: { 'models/a.sql': '\n{{config materialized="tabel"}}select 1' },
    expected: [
      "MATERIALIZATION_UNKNOWN models/a.sql:2:23 The model 'a' names the materialization 'tabel', which does not exist. | Did you mean 'table'?",
    ],
  },
  {
    name: 'an unknown generic test is offered the nearest one',
    files: {
      'models/a.sql': 'select 1',
      'models/m.yaml': 'kind: models\nmodels:\n  - name: a\n    columns:\n      - name: id\n        tests: [not_nul]\n',
    },
    expected: ["TEST_UNKNOWN models/m.yaml:6:17 The generic test 'not_nul' does not exist. | Did you mean 'not_null'?"],
  },
  {
    name: 'a test for columns that is declared for a whole model is a mistake',
    files: { 'models/a.sql': 'select 1', 'models/m.yaml': 'kind: models\nmodels:\n  - name: a\n    tests: [not_null]\n' },
    expected: ["VALUE_INVALID models/m.yaml:4:13 The test 'not_null' is declared for a whole node. | Move it below a column's 'tests:'."],
  },
  {
    name: 'a circle is named once, with its whole path, at a ref that closes it',
    files: {
      'models/a.sql': 'select * from {{ref "b"}}',
      'models/b.sql': 'select * from {{ref "c"}}',
      'models/c.sql': 'select *\nfrom {{ref "a"}}',
      'models/d.sql': 'select * from {{ref "a"}}',
    },
    expected: [
      'CYCLE models/a.sql:1:21 Nodes depend on each other in a circle: a -> b -> c -> a. | Take one of these refs out, or read the earlier state by {{this}}.',
    ],
  },
  {
    name: 'a sync of a relation that does not exist stands at its from',
    files: { 'sinks/s.yaml': 'kind: sync\nname: s\nfrom: nowhere\nto: t\n' },
    expected: ["REF_NOT_FOUND sinks/s.yaml:3:7 The sync 's' refers to 'nowhere', which no file defines."],
  },
  {
    name: 'a default target that is not declared names those that are',
    files: { 'project.yaml': 'name: shop\ntarget: prod\ntargets: { dev: {} }\n' },
    expected: ["TARGET_NOT_FOUND project.yaml:2:9 The target 'prod' is not in project.yaml. | Targets of this project: dev."],
  },
];

for (const { name, files, expected } of cases) {
  test(name, async () => {
    using project = projectDir(files);

    assert.deepEqual(await project.mistakes(), expected);
  });
}

test('a contradiction that the materialization finds stands at the config key', async () => {
  using project = projectDir({ 'models/a.sql': 'select 1 {{config materialized="odd" engine="Log"}}' });
  const check = () => [{ code: 'CONFIG_CONFLICT', key: 'engine', message: 'an engine is not taken.', hint: 'Leave it out.' }] as const;

  const mistakes = await project.mistakes({ builtins: { materializations: new Map([['odd', { check }]]), genericTests: new Map() } });

  assert.deepEqual(mistakes, ["CONFIG_CONFLICT models/a.sql:1:45 The model 'a': an engine is not taken. | Leave it out."]);
});

test('all mistakes of a project are reported at once, by file and place', async () => {
  using project = projectDir({
    'models/a.sql': 'select {{var "x"}} from {{ref "gone"}}',
    'models/b.sql': 'select 1; select 2',
    'models/m.yaml': 'kind: models\nmodel: []\n',
  });

  const mistakes = await project.mistakes();

  assert.deepEqual(
    mistakes.map((mistake) => mistake.split(' ').slice(0, 2).join(' ')),
    [
      'VAR_NOT_FOUND models/a.sql:1:14',
      'REF_NOT_FOUND models/a.sql:1:31',
      'MODEL_STATEMENTS models/b.sql:1:11',
      'KEY_UNKNOWN models/m.yaml:2:1',
    ],
  );
});

test('tabs, two documents and a tower of brackets are one mistake each', async () => {
  using project = projectDir({
    'models/a.yaml': 'kind: models\nmodels:\n\t- name: a\n',
    'models/b.yaml': 'kind: models\n---\nkind: models\n',
    'models/c.yaml': `kind: models\nmodels: ${'['.repeat(3_000)}${']'.repeat(3_000)}\n`,
    'models/d.sql': `select ${'{{#if (is_incremental)}}'.repeat(3_000)}1${'{{/if}}'.repeat(3_000)}`,
  });

  const mistakes = await project.mistakes();

  assert.deepEqual(
    mistakes.map((mistake) => mistake.replace(/(c\.yaml:2):\d+/, '$1:…')),
    [
      'YAML_SYNTAX models/a.yaml:3:1 Tabs are not allowed as indentation.',
      'YAML_SYNTAX models/b.yaml:2:1 The file holds more than one document: a second one begins here.',
      'YAML_SYNTAX models/c.yaml:2:… The file is nested too deeply.',
      'TEMPLATE_SYNTAX models/d.sql:1:1 The template is nested too deeply.',
    ],
  );
});

test('names that every JavaScript object has are names like others, and unknown where nobody defines them', async () => {
  using project = projectDir({
    'project.yaml': 'name: shop\ntargets: { dev: {} }\nmodels: { constructor: { tags: [x] } }\n',
    'models/constructor/toString.sql': `select '{{env "constructor"}}', {{var "toString"}}, {{valueOf}}, {{> constructor}}`,
    'models/b.sql': '{{config __proto__="x" toString="y"}}select * from {{ref "constructor"}}',
    'models/m.yaml': 'kind: models\nmodels: [{ name: toString, config: { __proto__: { tags: [x] } } }]\n',
    'models/n.yaml':
      'kind: models\nmodels: [{ name: toString, tests: [hasOwnProperty], columns: [{ name: __proto__, tests: [unique] }] }]\n',
  });

  const mistakes = await project.mistakes();

  assert.deepEqual(
    mistakes.map((mistake) => mistake.split(' | ')[0]),
    [
      "KEY_UNKNOWN models/b.sql:1:10 The key '__proto__' is not known here.",
      "KEY_UNKNOWN models/b.sql:1:24 The key 'toString' is not known here.",
      "REF_NOT_FOUND models/b.sql:1:58 Model 'b' refers to 'constructor', which no file defines.",
      "ENV_MISSING models/constructor/toString.sql:1:15 The environment variable 'constructor' is not set.",
      "VAR_NOT_FOUND models/constructor/toString.sql:1:39 The var 'toString' has no value and no default.",
      "MACRO_NOT_FOUND models/constructor/toString.sql:1:55 No helper has the name 'valueOf'.",
      "MACRO_NOT_FOUND models/constructor/toString.sql:1:70 The macro 'constructor' does not exist.",
      "YAML_SYNTAX models/m.yaml:2:38 The key '__proto__' cannot be used.",
      "TEST_UNKNOWN models/n.yaml:2:36 The generic test 'hasOwnProperty' does not exist.",
    ],
  );
});

test('a file that cannot be read is named', async () => {
  using project = projectDir({ 'models/a.sql': 'select 1' });
  symlinkSync('nowhere.sql', join(project.dir, 'models/b.sql'));

  assert.deepEqual(await project.mistakes(), [
    "FILE_UNREADABLE models/b.sql:1:1 'models/b.sql' cannot be read: ENOENT. | The link leads nowhere; let it lead to a file, or remove it.",
  ]);
});

test('links that lead to themselves or to a folder above them are named, and the rest is read', async () => {
  using project = projectDir({ 'models/a.sql': 'select 1' });
  symlinkSync('itself.sql', join(project.dir, 'models/itself.sql'));
  symlinkSync('..', join(project.dir, 'models/loop'));

  assert.deepEqual(await project.mistakes(), [
    "FILE_UNREADABLE models/itself.sql:1:1 'models/itself.sql' cannot be read: ELOOP. | The link leads to itself; let it lead to a file.",
    "FILE_UNREADABLE models/loop:1:1 'models/loop' cannot be read: the link leads back to a folder above it.",
  ]);
});

test('links to files and folders elsewhere are followed', async () => {
  using elsewhere = projectDir({ 'shared/b.sql': 'select * from {{ref "a"}}' });
  using project = projectDir({ 'models/a.sql': 'select 1' });
  symlinkSync(join(elsewhere.dir, 'shared'), join(project.dir, 'models/shared'));
  symlinkSync(join(elsewhere.dir, 'shared/b.sql'), join(project.dir, 'models/c.sql'));

  const { manifest } = await project.load();

  assert.deepEqual([...manifest.nodes.keys()].toSorted(), ['model.a', 'model.b', 'model.c']);
});

test('a folder without a project.yaml above it is no project', () => {
  assert.throws(
    () => findProjectDir(tmpdir()),
    (error) => error instanceof GccflowError && error.code === 'PROJECT_NOT_FOUND',
  );
});

test('a project is found from a folder inside it', () => {
  using project = projectDir({ 'models/deep/a.sql': 'select 1' });

  assert.equal(findProjectDir(join(project.dir, 'models/deep')), project.dir);
});

test('a variable of a target that is not used need not be set', async () => {
  using project = projectDir({
    'project.yaml': `name: shop\ntargets:\n  dev: {}\n  prod: { warehouse: { type: clickhouse, url: '{{env "URL"}}' } }\n`,
  });

  const { project: loaded } = await project.load({ target: 'prod', env: { URL: 'http://warehouse:8123' } });

  assert.deepEqual(await project.mistakes(), []);
  assert.deepEqual(await project.mistakes({ target: 'prod' }), [
    "ENV_MISSING project.yaml:4:47 The environment variable 'URL' is not set. | Set it, for example: export URL=…",
  ]);
  assert.equal(loaded.target.warehouse.type === 'clickhouse' && loaded.target.warehouse.url, 'http://warehouse:8123');
});
