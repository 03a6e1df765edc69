import { didYouMean } from '../foundation/closest.ts';
import type { ErrorCode } from '../foundation/error-codes.ts';
import type { YamlPath } from '../project/parse-yaml.ts';
import type { SyncFile, SyncIndex } from '../project/sync-file.ts';
import type { TableColumn } from '../sync/table-columns.ts';
import { familyOf } from './postgres-takes.ts';

/** Something wrong with a sync's file. */
export interface SyncMistake {
  readonly severity: 'error' | 'warn';
  readonly code: ErrorCode;
  /** Behind the name of the sync. */
  readonly said: string;
  readonly hint: string | undefined;
  readonly path: YamlPath;
}

/** What is wrong with keys, indexes, grants and the mode of a sync, as far as its file and the columns of its table say. */
export function layoutMistakes(sync: SyncFile, columns: readonly TableColumn[]): readonly SyncMistake[] {
  return [
    ...ofKey(sync, columns),
    ...sync.indexes.flatMap((index, nth) => ofIndex(index, nth, columns)),
    ...ofGrants(sync),
    ...ofMode(sync),
  ];
}

const conflict = (path: YamlPath, said: string, hint?: string): SyncMistake => ({
  severity: 'error',
  code: 'CONFIG_CONFLICT',
  said,
  hint,
  path,
});
const idle = (path: YamlPath, said: string, hint: string): SyncMistake => ({ ...conflict(path, said, hint), severity: 'warn' });

/** Types whose values have no order, so that no key and no usual index can be on them. */
const unordered = /^\s*(?:json|xml|point|line|lseg|box|path|polygon|circle)\s*(?:\[\d*\])*\s*$/i;

function ofKey({ primary_key: key }: SyncFile, columns: readonly TableColumn[]): readonly SyncMistake[] {
  return key.flatMap((name, index): readonly SyncMistake[] => {
    const column = columns.find((candidate) => candidate.name === name);
    const path = ['primary_key', index];
    if (key.indexOf(name) < index) return [conflict(path, `names '${name}' twice in its primary key`)];
    if (column && unordered.test(column.type))
      return [conflict(path, `has '${name}' in its primary key, and PostgreSQL does not order ${column.type}`)];
    if (!column?.source || !/^(?:LowCardinality\()?Nullable\(/.test(column.source.clickHouseType)) return [];
    return [
      idle(
        path,
        `has '${name}' in its primary key, and it is ${column.source.clickHouseType}: a NULL is refused on loading`,
        'Put another value in its place in the model, such as coalesce(…, 0).',
      ),
    ];
  });
}

const methods = ['btree', 'hash', 'gin', 'gist', 'brin', 'spgist'];
/** Families that gin has nothing for, extensions aside. */
const single: ReadonlySet<string | null> = new Set(['integer', 'number', 'text', 'boolean', 'date', 'time', 'clock', 'uuid', 'address']);

function ofIndex(index: SyncIndex, nth: number, columns: readonly TableColumn[]): readonly SyncMistake[] {
  const path = ['indexes', nth];
  const method = index.method.toLowerCase();
  const near = methods.includes(method) ? undefined : didYouMean(method, methods);
  if (near !== undefined)
    return [conflict([...path, 'method'], `has an index of the method '${index.method}', which PostgreSQL does not have`, near)];
  if (index.columns.length + index.expressions.length === 0) return [conflict(path, 'has an index of no column')];
  if (method === 'hash' && index.columns.length + index.expressions.length > 1) {
    return [conflict([...path, 'method'], 'has a hash index of several columns, which PostgreSQL does not have')];
  }
  const cannot = [
    index.unique && method !== 'btree' && 'unique',
    index.include.length > 0 && ['hash', 'gin', 'brin'].includes(method) && 'include',
  ];
  const key = cannot.find((name) => name !== false);
  if (key && methods.includes(method))
    return [conflict([...path, key], `has a ${method} index with '${key}', which PostgreSQL does not have`)];
  return index.columns.flatMap((name, at): readonly SyncMistake[] => {
    const type = columns.find((column) => column.name === name)?.type;
    if (type === undefined) return [];
    const refused = method === 'btree' || method === 'hash' ? unordered.test(type) : method === 'gin' && single.has(familyOf(type));
    return refused ? [conflict([...path, 'columns', at], `has a ${method} index of '${name}', and PostgreSQL has none of ${type}`)] : [];
  });
}

const privileges = ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'maintain', 'all', 'all privileges'];

function ofGrants({ grants }: SyncFile): readonly SyncMistake[] {
  return Object.keys(grants).flatMap((written) => {
    const names = written
      .toLowerCase()
      .replaceAll(/\([^)]*\)/g, '')
      .split(',')
      .map((name) => name.trim().replaceAll(/\s+/g, ' '));
    const wrong = names.find((name) => !privileges.includes(name));
    if (wrong === undefined) return [];
    return [conflict(['grants', written], `grants '${written}', which is no privilege of a table`, didYouMean(wrong, privileges))];
  });
}

function ofMode({ mode, key, primary_key, watermark, lookback }: SyncFile): readonly SyncMistake[] {
  if (mode === 'replace') {
    const unread = [key.length > 0 && 'key', watermark !== null && 'watermark', lookback !== null && 'lookback'].find(
      (name) => name !== false,
    );
    return unread
      ? [idle([unread], `says '${unread}', which only a sync of mode upsert reads`, 'Set `mode: upsert`, or take it away.')]
      : [];
  }
  const keyless = key.length + primary_key.length === 0;
  return [
    ...(keyless
      ? [conflict(['mode'], 'has mode upsert but no key', 'Name the columns that identify a row in `key` or `primary_key`.')]
      : []),
    ...(watermark === null && lookback !== null
      ? [idle(['lookback'], "says 'lookback' without a watermark", 'Name the watermark, or take it away.')]
      : []),
  ];
}
