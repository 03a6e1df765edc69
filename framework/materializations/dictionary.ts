import { quoteName, quoteText } from '../foundation/quote.ts';
import { relationSql } from '../manifest/relation.ts';
import type { ConfigMistake } from '../project/builtins.ts';
import type { ModelConfig } from '../project/model-config.ts';
import { keyOfDictionary } from './dictionary-sql.ts';
import { type BuildInput, type BuildPlan, defineMaterialization } from './materialization.ts';
import { fillSettings } from './table-clauses.ts';
import type { WriteStep } from './write-step.ts';

/**
 * A dictionary for `dictGet`, loaded beside the live one and exchanged with it. It reads a table of ours with the rows of the run; with a
 * `lifetime` it runs the SELECT itself, again and again.
 */
export const dictionary = defineMaterialization({
  name: 'dictionary',
  publishes: 'table',
  check: dictionaryMistakes,
  plan: (input) => {
    const steps = input.config.lifetime === null ? planOfRows(input) : planOfSelect(input);
    const reload = `system reload dictionary ${relationSql(input.stage)}`;
    return {
      mode: 'full',
      reason: 'a dictionary is made anew on every run',
      ...steps,
      steps: [...steps.steps, { kind: 'statement', purpose: 'load it', sql: reload }],
      scratch: [],
    };
  },
});

type Steps = Pick<BuildPlan, 'steps' | 'companions'>;

function planOfRows(input: BuildInput): Steps {
  const { config, comment, sql } = input;
  const rows = input.companion('rows');
  const select = sql(false);
  const table = relationSql(rows);
  const create = `create table ${table}\nengine = MergeTree\norder by tuple()\ncomment ${quoteText(comment, 'clickhouse')}\nempty as\n${select}`;
  const from = `db ${quoteText(rows.database, 'clickhouse')} table ${quoteText(rows.name, 'clickhouse')}`;
  return {
    steps: [
      requireKey(input, select),
      { kind: 'statement', purpose: 'create a table for the rows', sql: create, settings: config.query_settings },
      { kind: 'insert', purpose: 'collect the rows', into: rows, sql: select, columnsBy: 'position', settings: fillSettings(config) },
      requireUnique(input, table),
      createDictionary(input, { sql: `select * from ${table}`, from }),
    ],
    companions: [rows],
  };
}

function planOfSelect(input: BuildInput): Steps {
  const select = input.sql(false);
  const steps = [
    requireKey(input, select),
    requireUnique(input, `(\n${select}\n)`),
    createDictionary(input, { sql: select, from: `query ${quoteText(select, 'clickhouse')}` }),
  ];
  return { steps };
}

function requireKey({ config }: BuildInput, select: string): WriteStep {
  return { kind: 'require_columns', purpose: 'look for the columns of the key', sql: select, settings: config.query_settings };
}

/** ClickHouse would keep whichever row it read last. */
function requireUnique({ config }: BuildInput, rows: string): WriteStep {
  const names = keyOfDictionary(config);
  const keys = names.map((name) => quoteName(name, 'clickhouse')).join(', ');
  return {
    kind: 'require_none',
    purpose: 'hold that every row has a key of its own',
    query: `select concat(toString(tuple(${keys})), ' comes ', toString(count()), ' times') as gccflow_item, count() over () as gccflow_total
from ${rows}
group by ${keys}
having count() > 1
order by gccflow_item
limit 5`,
    code: 'DICTIONARY_KEYS',
    what: `values of its primary_key (${names.join(', ')}) with more than one row`,
    hint: `A dictionary holds one row for each: make the SELECT return one, e.g. with 'limit 1 by ${names.join(', ')}'.`,
    settings: config.query_settings,
  };
}

function createDictionary({ stage, config, comment }: BuildInput, { sql, from }: { sql: string; from: string }): WriteStep {
  const access = config.named_collection === null ? '' : `name ${quoteName(config.named_collection, 'clickhouse')} `;
  return {
    kind: 'create_dictionary',
    purpose: 'create the new dictionary',
    sql,
    dictionary: {
      relation: stage,
      primaryKey: keyOfDictionary(config),
      layout: config.layout,
      source: `clickhouse(${access}${from})`,
      lifetimeMs: config.lifetime,
      comment,
    },
    settings: config.query_settings,
  };
}

function dictionaryMistakes(config: ModelConfig): ConfigMistake[] {
  if (keyOfDictionary(config).length > 0) return [];
  return [
    {
      code: 'CONFIG_CONFLICT',
      key: 'primary_key',
      message: `A dictionary is looked up by its 'primary_key', and none is given.`,
      hint: 'Give the column or columns that dictGet gets.',
    },
  ];
}
