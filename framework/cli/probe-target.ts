import { randomUUID } from 'node:crypto';
import { formatDuration } from '../foundation/duration.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Project } from '../project/project.ts';
import type { CommandContext } from './command.ts';
import { openTargetPostgres, openTargetWarehouse } from './open-connections.ts';

/** One part of a target, as it was found. */
export interface ProbedPart {
  readonly part: 'warehouse' | 'postgres' | 'objects' | 'broker' | 'limiter';
  /** What it is and where, without secrets. */
  readonly what: string;
  /** null where it was not asked, because nothing uses it yet. */
  readonly answers: boolean | null;
  /** Version and time, or what went wrong. */
  readonly detail: string;
  readonly hint: string | null;
}

/** Opens every part of the target and asks each something. */
export async function probeTarget(
  project: Project,
  { log, signal }: Pick<CommandContext, 'log' | 'signal'>,
): Promise<readonly ProbedPart[]> {
  const { warehouse, postgres, objects, broker, limiter } = project.target;
  const asked = Promise.all([
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
    probe(
      'objects',
      objects.type === 'filesystem'
        ? `folder ${objects.path}`
        : `bucket ${objects.bucket}${objects.endpoint ? ` at ${hostOf(objects.endpoint)}` : ''}`,
      async () => {
        const { openObjects } = await import('../connections/open-objects.ts');
        await using opened = await openObjects(objects, { projectDir: project.dir });
        const key = `gccflow-debug/${randomUUID()}`;
        await opened.put(key, 'can be removed', signal);
        await opened.remove([key]);
        return 'takes and removes an object';
      },
    ),
  ]);
  return [...(await asked), unused('broker', broker), unused('limiter', limiter)];
}

function unused(part: 'broker' | 'limiter', config: { readonly type: string; readonly url?: string }): ProbedPart {
  const what = config.url === undefined ? config.type : `${config.type} at ${hostOf(config.url)}`;
  return { part, what, answers: null, detail: 'not asked, because nothing uses it yet', hint: null };
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
