import { sqlStateOf } from '../connections/postgres-fault.ts';
import { GccflowError } from '../foundation/error.ts';
import { relationSql } from '../manifest/relation.ts';
import type { SyncFile } from '../project/sync-file.ts';
import type { SyncDeps } from './sync-outcome.ts';
import type { TableColumn } from './table-columns.ts';

/**
 * What a refused load means. ClickHouse's strings are any bytes, PostgreSQL's text is UTF-8 without zero bytes, and COPY does not say whose
 * the bytes are: so ClickHouse is asked. Anything else is given back as it is.
 */
export async function explainBadText(thrown: unknown, sync: SyncFile, columns: readonly TableColumn[], deps: SyncDeps): Promise<unknown> {
  if (!['22021', '22P05'].includes(sqlStateOf(thrown) ?? '')) return thrown;
  const texts = columns.flatMap(({ source }) => (source === null || !/String/.test(source.clickHouseType) ? [] : [source]));
  const counts = texts.map(
    ({ copySql }, index) => `countIf(not isValidUTF8(${text(copySql)}) or position(${text(copySql)}, '\\0') > 0) as c${index}`,
  );
  const [row] = await deps.warehouse.query<Record<string, string>>(`select ${counts.join(', ')} from ${relationSql(deps.from)}`, {
    signal: deps.signal,
  });
  const bad = texts.flatMap(({ column }, index) => (Number(row?.[`c${index}`]) > 0 ? [`'${column}' (${row?.[`c${index}`]} rows)`] : []));
  if (bad.length === 0) return thrown;
  return new GccflowError(
    'SYNC_VALIDATION',
    `Sync '${sync.name}' cannot publish text that is not UTF-8 or holds a zero byte, of column ${bad.join(', ')}; the live table is untouched.`,
    {
      hint: "Clean it in the model, e.g. by toValidUTF8(replaceAll(x, char(0), '')).",
      cause: thrown,
    },
  );
}

function text(copySql: string): string {
  return `ifNull(toString(${copySql}), '')`;
}
