import { randomUUID } from 'node:crypto';
import { formatDuration } from '../foundation/duration.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Project } from '../project/project.ts';
import type { ObjectsConfig } from '../project/target-config.ts';
import type { CommandContext } from './command.ts';
import { openTargetPostgres, openTargetWarehouse } from './open-connections.ts';

/** One part of a target, as it was found. */
export interface ProbedPart {
  readonly part: 'warehouse' | 'postgres' | 'objects' | 'broker' | 'limiter' | 'assets';
  /** What it is and where, without secrets. */
  readonly what: string;
  readonly answers: boolean;
  /** Version and time, or what went wrong. */
  readonly detail: string;
  readonly hint: string | null;
}

/** Opens every part of the target and asks each something. */
export async function probeTarget(
  project: Project,
  { log, signal }: Pick<CommandContext, 'log' | 'signal'>,
): Promise<readonly ProbedPart[]> {
  const { warehouse, postgres, objects, broker, limiter, assets } = project.target;
  return Promise.all([
    probe(
      'warehouse',
      warehouse.type === 'embedded' ? `embedded ClickHouse in ${warehouse.path}` : `ClickHouse at ${hostOf(warehouse.url)}`,
      async () => {
        await using opened = await openTargetWarehouse(project, { threads: 1, log, signal, waitLockMs: 0 });
        await opened.query('select 1', { signal });
        return `version ${opened.version}`;
      },
    ),
    probe(
      'postgres',
      postgres.type === 'embedded' ? `embedded PostgreSQL in ${postgres.path}` : `PostgreSQL at ${hostOf(postgres.url)}`,
      async () => {
        await using opened = await openTargetPostgres(project, { threads: 1, log });
        await opened.query('select 1');
        return `version ${opened.version}`;
      },
    ),
    probeStore('objects', objects, project, signal),
    probe(
      'broker',
      broker.type === 'embedded' ? 'queues in the PostgreSQL of the target' : `RabbitMQ at ${hostOf(broker.url)}`,
      async () => {
        const { openBroker } = await import('../connections/open-broker.ts');
        await using opened = await openBroker(broker, { projectDir: project.dir, postgres, log, signal });
        return `version ${opened.version}`;
      },
    ),
    probe(
      'limiter',
      limiter.type === 'embedded' ? 'counts in the PostgreSQL of the target' : `Redis at ${hostOf(limiter.url)}`,
      async () => {
        const { openLimiter } = await import('../scrape/limits/open-limiter.ts');
        await using opened = await openTargetPostgres(project, { threads: 1, log });
        await using counts = await openLimiter(limiter, { postgres: opened, log, signal });
        await counts.inspect([{ key: 'gccflow_debug', requests: 1, perMs: 1000, window: 'sliding' }]);
        return 'counts calls';
      },
    ),
    probeStore('assets', assets.store, project, signal),
  ]);
}

function probeStore(part: 'objects' | 'assets', config: ObjectsConfig, { dir }: Project, signal: AbortSignal): Promise<ProbedPart> {
  const where =
    config.type === 'filesystem'
      ? `folder ${config.path}`
      : `bucket ${config.bucket}${config.endpoint ? ` at ${hostOf(config.endpoint)}` : ''}`;
  return probe(part, where, async () => {
    const { openObjects } = await import('../connections/open-objects.ts');
    await using opened = await openObjects(config, { projectDir: dir });
    const key = `gccflow-debug/${randomUUID()}`;
    await opened.put(key, 'can be removed', signal);
    await opened.remove([key]);
    return 'takes and removes an object';
  });
}

async function probe(part: ProbedPart['part'], what: string, ask: () => Promise<string>): Promise<ProbedPart> {
  const begun = performance.now();
  try {
    const detail = await ask();
    return { part, what, answers: true, detail: `${detail}, in ${formatDuration(performance.now() - begun)}`, hint: null };
  } catch (thrown) {
    if (!(thrown instanceof GccflowError)) throw thrown;
    return { part, what, answers: false, detail: `[${thrown.code}] ${thrown.message}`, hint: thrown.hint ?? null };
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '(no URL)';
}
