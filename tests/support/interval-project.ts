import { systemClock } from '../../framework/foundation/clock.ts';
import { instantOf } from '../../framework/manifest/interval.ts';
import type { ModelNode } from '../../framework/manifest/manifest.ts';
import type { IntervalMemory } from '../../framework/plan/interval-memory.ts';
import { parseComment } from '../../framework/plan/publication.ts';
import { type IntervalReport, intervalsToRepair, readIntervals } from '../../framework/run/read-intervals.ts';
import { rollbackNode } from '../../framework/run/rollback-node.ts';
import type { RunResult } from '../../framework/run/run-result.ts';
import { type RunOptions, type ScratchProject, scratchProject } from './scratch-project.ts';
import { silentLog } from './warehouse.ts';

export interface IntervalProject extends ScratchProject {
  /** Adds rows to the source: when each happened, and its id. */
  bring(...rows: readonly (readonly [ts: string, id: number])[]): Promise<void>;
  /** Runs the project as if it were that time; throws what a node threw, where `failing` does not expect it. */
  runAt(time: string, options?: RunOptions & { readonly failing?: boolean }): Promise<RunResult>;
  /** Ids in `m`, in order. */
  ids(): Promise<number[]>;
  report(time: string): Promise<IntervalReport>;
  /** Writes what a report says is missing or drifted, as of its last interval. */
  repair(report: IntervalReport): Promise<RunResult>;
  /** Makes `m` the model by intervals again that it was at first. */
  useIntervals(): Promise<void>;
  /** Rolls `m` back, and gives what it remembers then. */
  rollBack(): Promise<IntervalMemory | undefined>;
}

/** A project whose model `m` takes the rows of the table `event` by intervals of `ts`. */
export async function intervalProject(config: string, { partitionBy = 'toYYYYMM(ts)', select = 'ts, id' } = {}): Promise<IntervalProject> {
  const project = await scratchProject({});
  await project.execute(`create table @.event (ts DateTime('UTC'), id UInt32) engine = MergeTree order by ts`);
  const model = intervalModel(`${config} partition_by="${partitionBy}"`, `${select} from ${project.database}.event`);
  await project.write({ 'models/m.sql': model });
  const node = async (): Promise<ModelNode> => {
    const { manifest } = await project.plan('run');
    return manifest.nodes.get('model.m') as ModelNode;
  };
  return {
    ...project,
    bring: async (...rows) => {
      const values = rows.map(([ts, id]) => `(parseDateTimeBestEffort('${ts}', 'UTC'), ${id})`);
      await project.execute(`insert into @.event values ${values.join(', ')}`);
    },
    runAt: async (time, { failing = false, ...options } = {}) => {
      const request = { executionTime: instantOf(new Date(time)), ...options.request };
      const result = await project.run('run', { ...options, request });
      for (const { error } of failing ? [] : result.nodes) if (error) throw error;
      return result;
    },
    ids: async () => (await project.query<{ id: number }>('select id from @.m order by id')).map(({ id }) => Number(id)),
    report: async (time) => readIntervals(await node(), project.warehouse, instantOf(new Date(time))),
    repair: async (report) => {
      const executionTime = report.intervals.at(-1)?.end ?? '';
      const repair = new Map([['model.m' as const, intervalsToRepair(report)]]);
      const result = await project.run('run', { request: { executionTime, repair } });
      for (const { error } of result.nodes) if (error) throw error;
      return result;
    },
    useIntervals: () => project.write({ 'models/m.sql': model }),
    rollBack: async () => {
      const { warehouse } = project;
      await rollbackNode(await node(), {
        warehouse,
        clock: systemClock,
        log: silentLog,
        signal: new AbortController().signal,
        waitLockMs: 0,
      });
      return memoryOf(project);
    },
  };
}

/** The SQL of a model that is built by intervals of `ts`. */
export function intervalModel(config: string, select: string): string {
  return `{{config materialized="incremental" incremental_strategy="interval" event_time="ts" order_by="id" ${config}}}
select ${select} where ts >= {{interval_start}} and ts < {{interval_end}}`;
}

/** When the intervals began that a run published of its first node. */
export function startsOf({ nodes }: RunResult): string[] {
  return (nodes[0]?.intervals?.published ?? []).map(({ start }) => start);
}

/** What the COMMENT of `m` says of its intervals. */
export async function memoryOf(project: Pick<ScratchProject, 'query'>): Promise<IntervalMemory | undefined> {
  const [row] = await project.query<{ comment: string }>(`select comment from system.tables where database = '@' and name = 'm'`);
  return parseComment(row?.comment ?? '')?.intervals;
}
