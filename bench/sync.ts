import { spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openObjects } from '../framework/connections/open-objects.ts';
import { openPostgres } from '../framework/connections/open-postgres.ts';
import { openWarehouse } from '../framework/connections/open-warehouse.ts';
import type { Postgres } from '../framework/connections/postgres.ts';
import type { Warehouse } from '../framework/connections/warehouse.ts';
import { systemClock } from '../framework/foundation/clock.ts';
import type { Log } from '../framework/foundation/log.ts';
import { SyncFile } from '../framework/project/sync-file.ts';
import { runSync } from '../framework/sync/run-sync.ts';
import { comparedFigure, type Figure, figure, median } from './support/figure.ts';

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const rounds = 5;

/**
 * Wall time of a sync of 2,000,000 rows, from the first query to the last, against that of COPY alone: the same bytes, uncompressed, from a
 * local file, as psql's \\copy does, into an identical table of the same server: same columns, types and NOT NULLs, and on neither side a key
 * or an index, which would favour the sync, for it builds them after the load. The two take turns; the ratio is the median of the rounds'.
 * Memory is the highest of this process in a sync that goes through it, the warehouse being another process's (`gccflow warehouse serve`). Beside them: starts of the embedded server, and what readers wait during swaps.
 */
export async function measure(): Promise<readonly Figure[]> {
  const projectDir = mkdtempSync(join(tmpdir(), 'gccflow-bench-'));
  try {
    const starts = await measureStarts(projectDir);
    await using postgres = await openPostgres(postgresConfig, { projectDir, maxConnections: 12, log });
    await using warehouse = await openWarehouse(warehouseConfig, { projectDir, sessions: 2, log });
    const stalls = await measureStalls(projectDir, warehouse, postgres);
    const wall = await measureWall(projectDir, warehouse, postgres);
    const memory = process.argv.includes('--no-memory') ? [] : await measureMemory();
    return [...starts, ...stalls, wall, ...memory];
  } finally {
    rmSync(projectDir, { recursive: true, force: true });
  }
}

const warehouseConfig = { type: 'embedded', path: '.gccflow/warehouse', database: 'dbt' } as const;

const postgresConfig = { type: 'embedded', path: '.gccflow/postgres' } as const;

/** Opening the embedded server: the first time, which makes it, and later. */
async function measureStarts(projectDir: string): Promise<Figure[]> {
  const startMs = async (): Promise<number> => {
    const started = performance.now();
    await using _postgres = await openPostgres(postgresConfig, { projectDir, maxConnections: 2, log });
    return performance.now() - started;
  };
  const first = await startMs();
  const later: number[] = [];
  for (let round = 0; round < 5; round++) later.push(await startMs());
  return [figure('sync.postgres_first_start', first, 'ms'), figure('sync.postgres_start', median(later), 'ms')];
}

/** How long a query of the table takes while 8 readers hammer it and it is swapped 50 times. */
async function measureStalls(projectDir: string, warehouse: Warehouse, postgres: Postgres): Promise<Figure[]> {
  await fill(warehouse, 1000);
  await publish(projectDir, warehouse, postgres, 'stall');
  const waits: number[] = [];
  let swapping = true;
  const readers = Array.from({ length: 8 }, async () => {
    while (swapping) {
      const started = performance.now();
      await postgres.query('select count(*) from public.rows');
      waits.push(performance.now() - started);
    }
  });
  for (let swap = 0; swap < 50; swap++) await publish(projectDir, warehouse, postgres, `stall${swap}`);
  swapping = false;
  await Promise.all(readers);
  waits.sort((a, b) => a - b);
  const p99 = waits[Math.floor(waits.length * 0.99)] ?? Number.NaN;
  return [figure('sync.swap_stall_p99', p99, 'ms'), figure('sync.swap_stall_max', waits.at(-1) ?? Number.NaN, 'ms')];
}

async function measureWall(projectDir: string, warehouse: Warehouse, postgres: Postgres): Promise<Figure> {
  await fill(warehouse, 2_000_000);
  const file = join(projectDir, 'rows.tsv');
  const [ours, theirs]: [number[], number[]] = [[], []];
  await publish(projectDir, warehouse, postgres, 'first');
  await warehouse.execute(`insert into function file('${file}', 'TabSeparated') select * from dbt.rows`, {
    settings: { date_time_output_format: 'iso' },
  });
  const oursOnce = (round: number): Promise<number> => seconds(() => publish(projectDir, warehouse, postgres, `round${round}`));
  const theirsOnce = async (): Promise<number> => {
    await postgres.query('drop table if exists bare');
    await postgres.query('create table bare (like public.rows including all)');
    return seconds(() => copyFile(postgres, file));
  };
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) ours.push(await oursOnce(round));
    theirs.push(await theirsOnce());
    if (round % 2 === 1) ours.push(await oursOnce(round));
  }
  const ratio = median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
  return comparedFigure('sync.wall_2000000', median(ours), 's', 'COPY from a local file', median(theirs), ratio);
}

/** What `psql`'s \\copy does. */
async function copyFile(postgres: Postgres, file: string): Promise<void> {
  await using session = await postgres.session();
  await session.copyFrom('copy bare from stdin', createReadStream(file, { highWaterMark: 256 * 1024 }));
}

async function measureMemory(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const rows of [2_000_000, 8_000_000]) {
    const peak = await run([import.meta.filename, 'memory', String(rows)]);
    figures.push(figure(`sync.memory_${rows}`, Number(peak), 'MB'));
  }
  return figures;
}

/** A process of its own, whose warehouse is another's: its memory is gccflow's alone. */
async function memoryOf(rows: number): Promise<number> {
  const projectDir = mkdtempSync(join(tmpdir(), 'gccflow-bench-'));
  const server = spawn(process.execPath, [import.meta.filename, 'serve', projectDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const url = await new Promise<string>((resolve) => server.stdout.once('data', (line: Buffer) => resolve(line.toString().trim())));
    await using warehouse = await openWarehouse(
      { type: 'clickhouse', url, database: 'dbt', cluster: null },
      { projectDir, sessions: 2, log },
    );
    await using postgres = await openPostgres(postgresConfig, { projectDir, maxConnections: 4, log });
    await fill(warehouse, rows);
    let peak = 0;
    const sampling = new AbortController();
    const sampler = (async () => {
      while (!sampling.signal.aborted) {
        peak = Math.max(peak, process.memoryUsage.rss());
        await sleep(20);
      }
    })();
    await publish(projectDir, warehouse, postgres, 'memory');
    sampling.abort();
    await sampler;
    return peak / 1e6;
  } finally {
    server.kill('SIGKILL');
    rmSync(projectDir, { recursive: true, force: true });
  }
}

async function serve(projectDir: string): Promise<void> {
  const { serveWarehouse } = await import('../framework/connections/serve-warehouse.ts');
  const { url, user, password } = await serveWarehouse(warehouseConfig, { projectDir, sessions: 2, log });
  process.stdout.write(`${url.replace('//', `//${user}:${password}@`)}\n`);
  process.stdin.resume().once('end', () => process.kill(process.pid, 'SIGKILL'));
}

async function fill(warehouse: Warehouse, rows: number): Promise<void> {
  await warehouse.execute(`
    create or replace table dbt.rows engine = MergeTree order by id as
    select toInt64(number) as id, concat('profile_', toString(cityHash64(number) % 100000)) as handle,
      if(number % 11 = 0, null, concat('Title of video ', toString(number), ' with "words", \\'quotes\\' and é')) as title,
      toInt32(cityHash64(number) % 1000000) as views, toDecimal64((number % 10000) / 100, 2) as rate, toDate('2024-01-01') + number % 365 as day,
      toDateTime('2024-01-01 00:00:00', 'UTC') + number as seen_at, number % 3 = 0 as active
    from numbers(${rows})`);
}

async function publish(projectDir: string, warehouse: Warehouse, postgres: Postgres, runId: string): Promise<void> {
  await using objects = await openObjects({ type: 'filesystem', path: '.gccflow/objects' }, { projectDir });
  const sync = SyncFile.parse({ kind: 'sync', name: 'rows', from: 'rows', to: 'rows', max_shrink: 1 });
  const from = { database: 'dbt', name: 'rows' };
  const signal = new AbortController().signal;
  await runSync({ sync }, { warehouse, postgres, objects, from, final: false, log, signal, runId, clock: systemClock });
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

async function run(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const [, script, task, argument = ''] = process.argv;
if (script === import.meta.filename && task === 'serve') await serve(argument);
if (script === import.meta.filename && task === 'memory') process.stdout.write(String(await memoryOf(Number(argument))));
