import { randomUUID } from 'node:crypto';
import { migrateSchema } from '../connections/postgres-schema.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import type { SyncNode } from '../manifest/manifest.ts';
import type { SyncFile } from '../project/sync-file.ts';
import { explainBadText } from './bad-text.ts';
import { readDependents, refuseDependents } from './dependents.ts';
import { type ExportManifest, runPrefix, syncPrefix } from './export-manifest.ts';
import { type ExportRange, exportRelation } from './export-relation.ts';
import { finishTable, type Renaming } from './finish-table.ts';
import { countRows, type LiveTable, readLiveTable } from './live-table.ts';
import { loadTable } from './load-table.ts';
import { lockTable, type Publication } from './publication.ts';
import { runCancellable } from './run-cancellable.ts';
import { dropLeftover, markOf, refuseTakenNames } from './sibling-tables.ts';
import { swapTable } from './swap-table.ts';
import type { SyncDeps, SyncOutcome, SyncPhase } from './sync-outcome.ts';
import { describeRelation, resolveColumns, type TableColumn } from './table-columns.ts';
import { newTable, tableSql } from './table-name.ts';
import { requireUpsertable, upsertKey, upsertRange, upsertTable } from './upsert-rows.ts';
import { validateTable } from './validate-table.ts';

/**
 * Publishes a relation as a PostgreSQL table: export, load beside the live table, validate, swap in one transaction.
 * Whenever it fails or is killed, the live table is the old one or the new one, whole, and the next run starts clean.
 * Throws SYNC_*, OBJECTS_UNREACHABLE, POSTGRES_*, WAREHOUSE_*, RUN_LOCKED, CONFIG_CONFLICT, and CANCELLED when the signal aborts.
 */
export async function runSync({ sync }: Pick<SyncNode, 'sync'>, deps: SyncDeps): Promise<SyncOutcome> {
  try {
    return await new SyncRun(sync, deps).run();
  } catch (thrown) {
    if (!deps.signal.aborted) throw thrown;
    throw new GccflowError('CANCELLED', `Sync '${sync.name}' was stopped before its table was published; the live table is untouched.`, {
      cause: thrown,
    });
  }
}

interface Prepared {
  readonly columns: readonly TableColumn[];
  readonly live: LiveTable | null;
  readonly range: ExportRange | null;
}

class SyncRun {
  readonly #sync: SyncFile;
  readonly #deps: SyncDeps;
  readonly #phases: { phase: SyncPhase; durationMs: number }[] = [];

  constructor(sync: SyncFile, deps: SyncDeps) {
    this.#sync = sync;
    this.#deps = deps;
  }

  async run(): Promise<SyncOutcome> {
    const { postgres } = this.#deps;
    await using _held = await lockTable(postgres, this.#sync);
    const prepared = await this.#phase('prepare', () => this.#prepare());
    const [manifest, liveRows] = await this.#phase('export', () =>
      Promise.all([exportRelation(this.#sync, prepared.columns, prepared.range, this.#deps), this.#countLive(prepared)]),
    );
    await using _left = { [Symbol.asyncDispose]: () => this.#dropUnpublished() };
    const renamings = await this.#phase('load', () => this.#load(prepared, manifest, liveRows));
    const publication = this.#publicationOf(manifest, prepared);
    await this.#phase('publish', () => this.#publish(prepared, renamings, publication));
    await this.#phase('cleanup', () => this.#cleanUp());
    const { table, schema } = this.#sync.to;
    return {
      rows: manifest.rows,
      bytes: manifest.bytes,
      phases: this.#phases,
      publicationId: publication.id,
      message: `${manifest.rows.toLocaleString('en')} rows into ${schema}.${table}`,
    };
  }

  /** Everything that can be refused is refused here, before any data moves; what a dead run left is dropped. */
  async #prepare(): Promise<Prepared> {
    const { postgres, warehouse, from } = this.#deps;
    const columns = resolveColumns(this.#sync, from, await describeRelation(warehouse, from));
    await migrateSchema(postgres);
    const live = await readLiveTable(postgres, this.#sync.to);
    await dropLeftover(postgres, this.#sync);
    await refuseTakenNames(postgres, this.#sync);
    if (this.#sync.mode === 'upsert') upsertKey(this.#sync);
    if (live === null) {
      await postgres.query(`create schema if not exists ${quoteName(this.#sync.to.schema, 'postgres')}`);
      return { columns, live, range: null };
    }
    if (this.#sync.mode === 'upsert') {
      requireUpsertable(this.#sync, columns, live);
      return { columns, live, range: await upsertRange(postgres, this.#sync, columns) };
    }
    refuseDependents(this.#sync, await readDependents(postgres, this.#sync.to));
    this.#warnOfLostColumns(columns, live);
    return { columns, live, range: null };
  }

  /** Columns that the live table has and its successor will not have, such as one that somebody added or a generated one. */
  #warnOfLostColumns(columns: readonly TableColumn[], live: LiveTable): void {
    const published = new Set(columns.map(({ name }) => name));
    const lost = live.columns.flatMap(({ name }) => (published.has(name) ? [] : [name]));
    if (lost.length > 0) this.#deps.log.warn({ sync: this.#sync.name, columns: lost }, 'columns of the live table not published');
  }

  /** What a new table is compared with; null where there is nothing to compare. */
  async #countLive({ live }: Prepared): Promise<number | null> {
    if (live === null || this.#upserts(live)) return null;
    const { postgres, signal } = this.#deps;
    return postgres.transaction((session) => countRows(session, this.#sync.to), signal);
  }

  /** The table beside the live one: loaded, finished, frozen as a table that was long vacuumed, and checked. */
  async #load({ columns, live }: Prepared, manifest: ExportManifest, liveRows: number | null): Promise<Renaming[]> {
    const { postgres, objects, signal, log, onProgress, runId } = this.#deps;
    const upserts = this.#upserts(live);
    const table = newTable(this.#sync.to);
    const onRows = (rows: number): void => onProgress?.({ phase: 'load', rows, totalRows: manifest.rows });
    const ordered = this.#sync.mode === 'upsert';
    const input = { table, columns, manifest, objects, signal, log, mark: markOf(runId), ordered, onRows };
    const rows = await loadTable(postgres, input).catch(async (thrown: unknown) => {
      throw await explainBadText(thrown, this.#sync, columns, this.#deps);
    });
    const renamings = await postgres.transaction(
      (session) => finishTable(session, upserts ? stagingOf(this.#sync) : withKey(this.#sync), columns, table, upserts ? null : live),
      signal,
    );
    await runCancellable(postgres, upserts ? `analyze ${tableSql(table)}` : `vacuum (freeze, analyze) ${tableSql(table)}`, signal);
    await postgres.transaction((session) => validateTable(session, this.#sync, table, { rows, liveRows }), signal);
    return renamings;
  }

  async #publish({ columns, live }: Prepared, renamings: readonly Renaming[], publication: Publication): Promise<void> {
    const { postgres, signal } = this.#deps;
    if (!this.#upserts(live)) {
      const comment = this.#sync.description === '' ? (live?.comment ?? null) : this.#sync.description;
      return swapTable(postgres, { sync: this.#sync, live, renamings, publication, comment, signal });
    }
    return upsertTable(postgres, { sync: this.#sync, columns, staged: newTable(this.#sync.to), publication, signal });
  }

  /** What a failed run leaves of its new table; nothing after a publication. A lost connection leaves it to the next run. */
  async #dropUnpublished(): Promise<void> {
    try {
      await dropLeftover(this.#deps.postgres, this.#sync);
    } catch (thrown) {
      this.#deps.log.warn({ err: thrown, sync: this.#sync.name }, 'new table not dropped');
    }
  }

  /** Removes exports that are not kept. The table is published: a failure here is a warning. */
  async #cleanUp(): Promise<void> {
    const { objects, log, runId } = this.#deps;
    try {
      const keys = await objects.list(`${syncPrefix(this.#sync.name)}/`);
      const manifests = keys.filter((key) => key.endsWith('/manifest.json')).map((key) => key.slice(0, -'manifest.json'.length));
      const ours = `${runPrefix(this.#sync.name, runId)}/`;
      const earlier = manifests.filter((prefix) => prefix !== ours).sort();
      const kept = new Set([ours, ...earlier.slice(Math.max(0, earlier.length - (this.#sync.keep_exports - 1)))]);
      if (this.#sync.keep_exports <= 1) for (const prefix of earlier) kept.delete(prefix);
      if (this.#sync.keep_exports === 0) kept.delete(ours);
      await objects.remove(keys.filter((key) => ![...kept].some((prefix) => key.startsWith(prefix))));
    } catch (thrown) {
      log.warn({ err: thrown, sync: this.#sync.name }, 'old exports not removed');
    }
  }

  /** The first publication of an upsert makes its table, by a swap into an empty place. */
  #upserts(live: LiveTable | null): boolean {
    return this.#sync.mode === 'upsert' && live !== null;
  }

  #publicationOf(manifest: ExportManifest, { live }: Prepared): Publication {
    const { runId, clock } = this.#deps;
    const { name, to } = this.#sync;
    const mode = this.#upserts(live) ? 'upsert' : 'replace';
    return { id: randomUUID(), sync: name, ...to, mode, rows: manifest.rows, bytes: manifest.bytes, runId, publishedAt: clock.now() };
  }

  async #phase<Result>(phase: SyncPhase, work: () => Promise<Result>): Promise<Result> {
    this.#deps.signal.throwIfAborted();
    this.#deps.onProgress?.({ phase, rows: 0, totalRows: null });
    const startedMs = performance.now();
    const result = await work();
    this.#phases.push({ phase, durationMs: performance.now() - startedMs });
    this.#deps.log.debug({ sync: this.#sync.name, phase, durationMs: performance.now() - startedMs }, 'sync phase ended');
    return result;
  }
}

/** Rows that are only staged need no keys, indexes or grants. */
function stagingOf(sync: SyncFile): SyncFile {
  return { ...sync, primary_key: [], indexes: [], constraints: [], grants: {} };
}

/** The table of an upsert needs a unique index on its key. */
function withKey(sync: SyncFile): SyncFile {
  return sync.mode === 'upsert' && sync.primary_key.length === 0 ? { ...sync, primary_key: sync.key } : sync;
}
