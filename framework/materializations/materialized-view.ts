import { quoteName, quoteText } from '../foundation/quote.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import type { ConfigMistake } from '../project/builtins.ts';
import { isMergeTree } from '../project/engine-family.ts';
import type { ModelConfig } from '../project/model-config.ts';
import { cutOver, partition } from './catch-up.ts';
import { startEmpty } from './full-build.ts';
import { layoutMistakes } from './layout-mistakes.ts';
import { type BuildInput, type BuildPlan, defineMaterialization } from './materialization.ts';
import { fillSettings } from './table-clauses.ts';
import type { WriteStep } from './write-step.ts';

/**
 * A table that ClickHouse keeps up to date itself. Three relations: `rows` holds them, `trigger` is the materialized view that feeds it, and
 * readers have a plain view of `rows`. Only that view is ever exchanged: an exchange of materialized views loses rows that are inserted
 * meanwhile (measured: 3 of 100 inserts under constant exchanges), and one of their tables leaves them writing to the other.
 */
export const materializedView = defineMaterialization({
  name: 'materialized_view',
  publishes: 'table',
  check: (config) => [...layoutMistakes(config), ...viewMistakes(config)],
  plan: (input) => {
    if (input.config.refresh !== null) return planRefreshed(input, input.config.refresh);
    return input.incremental ? planChangedSelect(input) : planFeed(input);
  },
});

/** A new table with a feed of its own, beside the live one, which is fed until it is replaced. */
function planFeed(input: BuildInput): BuildPlan {
  const select = input.sql(false);
  const { source, companion } = input;
  if (source === null) throw new Error(`'${input.name}' passed the checks without a source`);
  const feed = input.config.catchup === 'none' ? startTrigger(input, select) : catchUp(input, source);
  const tokens: WriteStep = {
    kind: 'keep_tokens_as',
    purpose: 'let it know repeated inserts as its source does',
    source,
    table: companion('rows'),
  };
  return { ...buildBeside(input), steps: [...createRows(input, select), tokens, feed, createReader(input)] };
}

/** The SELECT is replaced in one statement, when the reader's view is about to be. The rows that are there stay. */
function planChangedSelect(input: BuildInput): BuildPlan {
  const { config, reason } = input;
  const select = input.sql(false);
  const match: WriteStep = {
    kind: 'match_columns',
    purpose: `compare the columns (on_schema_change: ${config.on_schema_change})`,
    sql: select,
    table: input.companion('rows'),
    policy: config.on_schema_change,
    settings: {},
  };
  const modify: WriteStep = { kind: 'statement', purpose: 'let new rows be as the SELECT says now', sql: modifySql(input, select) };
  return { mode: 'incremental', reason, steps: [match, createReader(input)], commit: [modify], scratch: [] };
}

/** ClickHouse replaces all rows at times of its own; the first are there when it is published. */
function planRefreshed(input: BuildInput, refresh: string): BuildPlan {
  const { companion, config, comment } = input;
  const select = input.sql(false);
  const rows = companion('rows');
  const fill: WriteStep = {
    kind: 'insert',
    purpose: 'fill the new table',
    into: rows,
    sql: select,
    columnsBy: 'position',
    settings: fillSettings(config),
  };
  const trigger = `create materialized view ${relationSql(companion('trigger'))}
refresh ${refresh}
to ${relationSql(rows)}
empty
comment ${quoteText(comment, 'clickhouse')}
as
${select}`;
  const start: WriteStep = { kind: 'statement', purpose: 'let ClickHouse run the SELECT again', sql: trigger };
  return { ...buildBeside(input), steps: [...createRows(input, select), fill, start, createReader(input)] };
}

function buildBeside({ reason, companion }: BuildInput) {
  return { mode: 'full', reason, scratch: [], companions: [companion('trigger'), companion('rows')] } as const;
}

function createRows(input: BuildInput, select: string): WriteStep[] {
  return startEmpty({ ...input, stage: input.companion('rows') }, select);
}

function catchUp(input: BuildInput, source: Relation): WriteStep {
  const { config, companion, sqlWhere } = input;
  if (config.watermark === null) throw new Error(`'${input.name}' passed the checks without a watermark`);
  const watermark = quoteName(config.watermark, 'clickhouse');
  return {
    kind: 'catch_up',
    purpose: 'feed it with new rows, then fill it with those that are there',
    source,
    watermark: config.watermark,
    delayMs: config.watermark_delay,
    trigger: companion('trigger'),
    start: triggerSql(input, sqlWhere(`${watermark} >= ${cutOver}`)),
    fill: `insert into ${relationSql(companion('rows'))} (\n${sqlWhere(`${watermark} < ${cutOver} and ${partition}`)}\n)`,
    release: modifySql(input, input.sql(false)),
    settings: fillSettings(config),
  };
}

function startTrigger(input: BuildInput, select: string): WriteStep {
  return { kind: 'statement', purpose: 'feed it with new rows', sql: triggerSql(input, select) };
}

function triggerSql({ companion, comment }: BuildInput, select: string): string {
  const [trigger, rows] = [relationSql(companion('trigger')), relationSql(companion('rows'))];
  return `create materialized view ${trigger} to ${rows}\ncomment ${quoteText(comment, 'clickhouse')}\nas\n${select}`;
}

function modifySql({ companion }: BuildInput, select: string): string {
  return `alter table ${relationSql(companion('trigger'))} modify query\n${select}`;
}

/**
 * Every insert leaves rows of its own; FINAL puts those of an equal key together as the engine says. It reads as who made it, so that a grant
 * on the view is enough for readers.
 */
function createReader({ stage, companion, comment, config }: BuildInput): WriteStep {
  const final = isMergeTree(config.engine) && !/^\s*(Shared|Replicated)?MergeTree\b/i.test(config.engine) ? ' final' : '';
  const sql = `create view ${relationSql(stage)}\ndefiner = current_user sql security definer\ncomment ${quoteText(comment, 'clickhouse')}\nas\nselect * from ${relationSql(companion('rows'))}${final}`;
  return { kind: 'statement', purpose: 'create the view that readers have', sql };
}

function viewMistakes(config: ModelConfig): ConfigMistake[] {
  const { refresh, watermark, catchup, on_schema_change: policy, query_settings } = config;
  const mistakes: ConfigMistake[] = [];
  const add = (key: string, message: string, hint: string): void => void mistakes.push({ code: 'CONFIG_CONFLICT', key, message, hint });
  if (refresh === null && catchup === 'all' && watermark === null) {
    const hint = `Name the column of the source that says when a row was inserted, or begin without the rows that are there: catchup="none".`;
    add(
      'watermark',
      `What is inserted while a materialized view is filled is told from what was there before by 'watermark', and none is given.`,
      hint,
    );
  }
  if (refresh !== null && !/^(every|after)\s+\d+\s+\w+/i.test(refresh)) {
    add(
      'refresh',
      `'refresh' says when the SELECT is run again, and '${refresh}' does not.`,
      'Write for example every 1 hour or after 30 minute.',
    );
  }
  if (refresh !== null && (watermark !== null || catchup === 'none')) {
    const key = watermark === null ? 'catchup' : 'watermark';
    add(
      key,
      `A refreshable view runs the whole SELECT again, and '${key}' is for views that see what is inserted.`,
      `Remove '${key}' or 'refresh'.`,
    );
  }
  if (policy === 'ignore' || policy === 'sync_all_columns') {
    const hint = 'Choose fail or append_new_columns, and rebuild with --full-refresh where columns go or change their type.';
    add('on_schema_change', `The table of a materialized view is written to all the while, so '${policy}' cannot be done to it.`, hint);
  }
  const [setting] = Object.keys(query_settings);
  if (setting !== undefined) {
    const hint = `Write 'settings ${setting} = …' at the end of the SELECT.`;
    add('query_settings', `'query_settings' (${setting}) would not hold for the inserts that run the SELECT later.`, hint);
  }
  return mistakes;
}
