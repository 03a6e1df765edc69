import { type ScratchProject, scratchProject } from './scratch-project.ts';

export const fedConfig =
  'materialized="materialized_view" engine="SummingMergeTree" order_by="kind" watermark="inserted_at" watermark_delay="1s"';

export const countByKind = 'select kind, count() as events, sum(value) as total from {{source "raw" "event"}} group by kind';

/** A project with a source of events, and a model `m` that ClickHouse keeps up to date. */
export async function viewProject(config = fedConfig, select = countByKind): Promise<ScratchProject> {
  const project = await scratchProject({});
  await project.write({
    'sources/raw.yaml': `kind: source\nname: raw\ndatabase: ${project.database}\ntables:\n  - name: event\n`,
  });
  await writeModel(project, config, select);
  await project.execute(
    `create table @.event (kind String, value UInt64, inserted_at DateTime default now(), doubled UInt64 materialized value * 2)
     engine = MergeTree partition by kind order by kind`,
  );
  return project;
}

export function writeModel(project: ScratchProject, config: string, select: string): Promise<void> {
  return project.write({ 'models/m.sql': `{{config ${config}}}\n${select}` });
}

/** Events of one kind, as others insert them. */
export function insertEvents(project: ScratchProject, kind: string, count: number): Promise<void> {
  return project.execute(`insert into @.event (kind, value) select '${kind}', 1 from numbers(${count})`);
}

/** Inserts until it is stopped, and gives back how many rows there were. A failed insert is a failed test. */
export function keepInserting(project: ScratchProject): { stop(): Promise<number> } {
  let [running, rows] = [true, 0];
  const inserting = (async () => {
    while (running) {
      await insertEvents(project, `k${rows % 3}`, 5);
      rows += 5;
    }
  })();
  return {
    async stop() {
      running = false;
      await inserting;
      return rows;
    },
  };
}
