import { quoteName, quoteText } from '../foundation/quote.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import type { ModelConfig } from '../project/model-config.ts';

/** What a dictionary is made from, besides its columns. */
export interface DictionaryDefinition {
  readonly relation: Relation;
  readonly primaryKey: readonly string[];
  /** null: by the type of the key. */
  readonly layout: string | null;
  /** SQL of the source, e.g. `null()`. */
  readonly source: string;
  readonly lifetimeMs: number | null;
  readonly comment: string;
}

interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

/** The statement that makes a dictionary; with `null`, for people, without the columns that only the run knows. Never holds a password. */
export function dictionarySql(definition: DictionaryDefinition, columns: readonly TypedColumn[] | null): string {
  const { relation, primaryKey, source, comment } = definition;
  const lines = columns?.map(({ name, type }) => `  ${quoteName(name, 'clickhouse')} ${attributeType(type)}`);
  return [
    `create dictionary ${relationSql(relation)} (`,
    lines?.join(',\n') ?? '  <columns of the select>',
    ')',
    `primary key ${primaryKey.map((name) => quoteName(name, 'clickhouse')).join(', ')}`,
    `source(${source})`,
    `layout(${definition.layout ?? (columns ? layoutFor(primaryKey, columns) : '<by the type of the key>')})`,
    lifetimeSql(definition.lifetimeMs),
    `comment ${quoteText(comment, 'clickhouse')}`,
  ].join('\n');
}

/** The statement that makes an empty dictionary with a model's columns, so that `dictGet` of it has its types. */
export function emptyDictionarySql(relation: Relation, config: ModelConfig, columns: readonly TypedColumn[]): string {
  const { layout } = config;
  return dictionarySql({ relation, primaryKey: keyOfDictionary(config), layout, source: 'null()', lifetimeMs: null, comment: '' }, columns);
}

/** The columns of a dictionary's key: `a, b` and `(a, b)` are two. */
export function keyOfDictionary({ primary_key }: ModelConfig): string[] {
  const list = (primary_key ?? '').trim().replace(/^\((.*)\)$/s, '$1');
  return list
    .split(',')
    .map((name) => name.trim().replace(/^`(.*)`$/s, '$1'))
    .filter((name) => name !== '');
}

/** Dictionaries know no LowCardinality; its values are those of the type within. */
function attributeType(type: string): string {
  return type.replace(/^LowCardinality\((.*)\)$/s, '$1');
}

function layoutFor(primaryKey: readonly string[], columns: readonly TypedColumn[]): string {
  const [name] = primaryKey;
  const type = primaryKey.length === 1 ? columns.find((column) => column.name === name)?.type : undefined;
  return type !== undefined && /^U?Int(8|16|32|64)$/.test(type) ? 'hashed()' : 'complex_key_hashed()';
}

function lifetimeSql(lifetimeMs: number | null): string {
  if (lifetimeMs === null) return 'lifetime(0)';
  const seconds = Math.max(1, Math.round(lifetimeMs / 1000));
  return `lifetime(min ${seconds} max ${seconds})`;
}
