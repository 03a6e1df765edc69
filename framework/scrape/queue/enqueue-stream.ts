import { Readable } from 'node:stream';
import type { Postgres } from '../../connections/postgres.ts';
import { askCounts, enqueueSql, forgetKeysSql, sourceColumns } from './enqueue-sql.ts';
import { valuesOf } from './new-task-values.ts';
import type { NewTask } from './task.ts';

/** Rows of one chunk of the COPY. */
const chunkRows = 500;

/**
 * Streams tasks into a table of the transaction's own, and queues all of them from there. While they come in nothing is locked, and should
 * their source fail, nothing is queued.
 */
export function enqueueTaskStream(
  postgres: Postgres,
  tasks: AsyncIterable<NewTask>,
  signal?: AbortSignal,
): Promise<{ readonly queued: number; readonly known: number }> {
  return postgres.transaction(async (session) => {
    await session.query(stagingSql);
    const has = { hasIdempotencyKeys: false, hasUniqueKeys: false };
    const body = Readable.from(copyText(tasks, has), { objectMode: false });
    await session.copyFrom(`copy pg_temp.scrape_request_staging (${sourceColumns}) from stdin`, body, signal);
    await session.query('analyze pg_temp.scrape_request_staging');
    await session.query(`set local jit = off`);
    const [row] = await session.query<{ queued: number; given: number }>(enqueueSql('pg_temp.scrape_request_staging', has, askCounts));
    const { queued, given } = row ?? { queued: 0, given: 0 };
    if (has.hasIdempotencyKeys && has.hasUniqueKeys) await session.query(forgetKeysSql);
    return { queued, known: given - queued };
  }, signal);
}

const stagingSql = `
  create temp table scrape_request_staging (
    flow text collate "C", params json, priority smallint, max_attempts int, run_ms float8, run_in_ms float8, expires_ms float8,
    expires_in_ms float8, account_id text collate "C", idempotency_key text collate "C", unique_key text collate "C", platform text,
    place bigint) on commit drop`;

async function* copyText(
  tasks: AsyncIterable<NewTask>,
  has: { hasIdempotencyKeys: boolean; hasUniqueKeys: boolean },
): AsyncGenerator<string> {
  let lines: string[] = [];
  let place = 0;
  for await (const task of tasks) {
    has.hasIdempotencyKeys ||= task.idempotencyKey !== null;
    has.hasUniqueKeys ||= task.uniqueKey !== null;
    lines.push([...valuesOf(task), ++place].map(copyField).join('\t'));
    if (lines.length < chunkRows) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`;
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A value as a field of COPY's text format. */
function copyField(value: string | number | null): string {
  if (value === null) return '\\N';
  return String(value).replaceAll(/[\\\t\n\r]/g, (character) => escapes[character] ?? '');
}
