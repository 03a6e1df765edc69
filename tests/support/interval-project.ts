import { instantOf } from '../../framework/manifest/interval.ts';
import type { IntervalMemory } from '../../framework/plan/interval-memory.ts';
import { parseComment } from '../../framework/plan/publication.ts';
import type { RunResult } from '../../framework/run/run-result.ts';
import { type RunOptions, type ScratchProject, scratchProject } from './scratch-project.ts';

export interface IntervalProject extends ScratchProject {
  /** Adds rows to the source: when each happened, and its id. */
  bring(...rows: readonly (readonly [ts: string, id: number])[]): Promise<void>;
  /** Runs the project as if it were that time; throws what a node threw where `failing` is not said. */
  runAt(time: string, options?: RunOptions & { readonly failing?: boolean }): Promise<RunResult>;
  /** Ids in `m`, in order. */
  ids(): Promise<number[]>;
}

/** A project whose model `m` takes the rows of the table `event` by intervals of `ts`. */
export async function intervalProject(config: string, { partitionBy = 'toYYYYMM(ts)', select = 'ts, id' } = {}): Promise<IntervalProject> {
  const project = await scratchProject({});
  await project.execute(`create table @.event (ts DateTime('UTC'), id UInt32) engine = MergeTree order by ts`);
  await project.write({
    'models/m.sql': intervalModel(`${config} partition_by="${partitionBy}"`, `${select} from ${project.database}.event`),
  });
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
    ids: async () => (await project.query<{ id: number }>('select id from @.m order by id')).map(({ id }) => id),
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
}

/** The SQL of a model that is built by intervals of `ts`. */
export function intervalModel(config: string, select: string): string {
  return `{{config materialized="incremental" incremental_strategy="interval" event_time="ts" order_by="ts" ${config}}}
select ${select} where ts >= {{interval_start}} and ts < {{interval_end}}`;
}

/** What the COMMENT of `m` says of its intervals. */
export async function memoryOf(project: ScratchProject): Promise<IntervalMemory | undefined> {
  const [row] = await project.query<{ comment: string }>(`select comment from system.tables where database = '@' and name = 'm'`);
  return parseComment(row?.comment ?? '')?.intervals;
}
