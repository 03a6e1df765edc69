import type { Postgres, PostgresQueries } from '../connections/postgres.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Project } from '../project/project.ts';
import type { CommandContext, Values } from './command.ts';
import { openTargetPostgres } from './open-connections.ts';
import { openProject } from './open-project.ts';
import type { EverywhereOptions } from './options.ts';

export interface Tasks extends AsyncDisposable {
  readonly project: Project;
  readonly manifest: Manifest;
  /** The target's PostgreSQL, with the tables of the task queue. */
  readonly postgres: Postgres;
  /** One connection of it, for what looks at many tasks: to compile such a statement takes PostgreSQL longer than to run it. */
  readonly queries: PostgresQueries;
}

/** Loads the project and opens its task queue's PostgreSQL. */
export async function openTasks(values: Values<EverywhereOptions>, context: CommandContext): Promise<Tasks> {
  const { project, manifest } = await openProject(values, context);
  const { migrateSchema } = await import('../connections/postgres-schema.ts');
  await using opening = new AsyncDisposableStack();
  const postgres = opening.use(await openTargetPostgres(project, { threads: 1, log: context.log, signal: context.signal }));
  await migrateSchema(postgres);
  const queries = opening.use(await postgres.session());
  await queries.query('set jit = off');
  const open = opening.move();
  return { project, manifest, postgres, queries, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
