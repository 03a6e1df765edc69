import type { Warehouse } from '../connections/warehouse.ts';
import type { Clock } from '../foundation/clock.ts';
import { GccflowError } from '../foundation/error.ts';
import { ageMs, type DatedSource, type FreshnessReading, type FreshnessResult, judgeAge, type SourceFreshness } from './freshness.ts';
import { type PartsReading, readPartsTimes } from './freshness-parts.ts';
import { missingSource, queryLoadedAt } from './freshness-query.ts';
import { faultOf, NodeStatements } from './node-statements.ts';

export interface FreshnessDeps {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Statements at once. */
  readonly threads: number;
  readonly runId: string;
}

/**
 * How fresh sources are: by their own column or query where they declare one, else by the time of their parts, which one statement reads
 * for all of them. What the warehouse says against one source is that source's runtime error. Throws WAREHOUSE_UNREACHABLE.
 */
export async function readFreshness(sources: readonly DatedSource[], deps: FreshnessDeps): Promise<FreshnessResult> {
  const startedAt = deps.clock.now();
  const begun = performance.now();
  const asked = sources.filter(({ loadedAt, loadedAtQuery }) => loadedAt !== null || loadedAtQuery !== null);
  const byParts = await readAllParts(
    sources.filter((source) => !asked.includes(source)),
    deps,
  );
  const byQuery = await readEach(asked, deps);
  const found = new Map([...byParts, ...byQuery].map((freshness) => [freshness.node, freshness]));
  return {
    runId: deps.runId,
    startedAt,
    durationMs: performance.now() - begun,
    sources: sources.flatMap(({ id }) => found.get(id) ?? []),
  };
}

async function readAllParts(sources: readonly DatedSource[], deps: FreshnessDeps): Promise<SourceFreshness[]> {
  const timing = startTiming(deps);
  const { readings, statements } = await readPartsTimes(sources, deps);
  return [...readings].map(([source, reading]) => ({ ...judge(source, reading), ...timing(), statements }));
}

/** One source after another in `threads` lanes. */
async function readEach(sources: readonly DatedSource[], deps: FreshnessDeps): Promise<SourceFreshness[]> {
  const waiting = sources.values();
  const lane = async (): Promise<SourceFreshness[]> => {
    const read: SourceFreshness[] = [];
    for (const source of waiting) read.push(await readOne(source, deps));
    return read;
  };
  const lanes = await Promise.allSettled(Array.from({ length: deps.threads }, lane));
  return lanes.flatMap((ended) => {
    if (ended.status === 'rejected') throw ended.reason;
    return ended.value;
  });
}

async function readOne(source: DatedSource, deps: FreshnessDeps): Promise<SourceFreshness> {
  const timing = startTiming(deps);
  const statements = new NodeStatements({ warehouse: deps.warehouse, node: source.id, signal: deps.signal });
  const reading = await queryLoadedAt(source, statements).catch((thrown) => refusal(thrown, source));
  return { ...judge(source, reading), ...timing(), statements: statements.ran };
}

/** What speaks against this source alone; anything else is thrown. */
function refusal(thrown: unknown, source: DatedSource): GccflowError {
  if (!(thrown instanceof GccflowError) || thrown.code === 'WAREHOUSE_UNREACHABLE') throw thrown;
  const fault = faultOf(thrown);
  const isMissing = fault?.type === 'UNKNOWN_TABLE' || fault?.type === 'UNKNOWN_DATABASE';
  return isMissing && source.loadedAtQuery === null ? missingSource(source, thrown) : thrown;
}

function judge(source: DatedSource, reading: PartsReading): Pick<SourceFreshness, 'node' | 'status' | 'reading' | 'error'> {
  const node = source.id;
  if (reading instanceof GccflowError) return { node, status: 'runtime error', reading: null, error: placed(reading, source) };
  return { node, status: statusOf(source, reading), reading, error: null };
}

function statusOf({ freshness }: DatedSource, reading: FreshnessReading): SourceFreshness['status'] {
  return judgeAge(freshness, ageMs(reading));
}

function placed(error: GccflowError, { at }: DatedSource): GccflowError {
  return new GccflowError(error.code, error.message, { at: error.at ?? at, hint: error.hint, cause: error.cause });
}

function startTiming({ clock }: FreshnessDeps): () => { readonly startedAt: Date; readonly durationMs: number } {
  const startedAt = clock.now();
  const begun = performance.now();
  return () => ({ startedAt, durationMs: performance.now() - begun });
}
