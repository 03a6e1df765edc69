import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import type { Log } from '../../framework/foundation/log.ts';
import { limitLine } from '../../framework/scrape/limits/limit-line.ts';
import { type Level, LimitWait } from '../../framework/scrape/limits/limiter.ts';
import { openLimiter } from '../../framework/scrape/limits/open-limiter.ts';

/**
 * A part of `limits.ts`, as a process of its own: several workers' worth of callers, each worker with its connection to Redis and its line,
 * who call for some time as often as they are let through. Prints how often that was, by the name of the first level.
 */
const { values } = parseArgs({
  options: {
    redis: { type: 'string', default: '' },
    postgres: { type: 'string', default: '' },
    levels: { type: 'string', multiple: true, default: [] },
    workers: { type: 'string', default: '8' },
    callers: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '60' },
  },
});
const log: Log = {
  debug() {},
  info() {},
  warn() {},
  error: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
  child: () => log,
};
const platforms = values.levels.map((text) => JSON.parse(text) as readonly Level[]);
const handles = 200;
/** Simulated seconds and minutes are a tenth as long. */
const handle = { requests: 1, perMs: 100, window: 'sliding' } as const;
const counts: Record<string, number> = {};

const signal = AbortSignal.timeout(Number(values.seconds) * 1000);
await using postgres = await openPostgres({ type: 'embedded', path: 'postgres' }, { projectDir: values.postgres, maxConnections: 4, log });
await Promise.all(Array.from({ length: Number(values.workers) }, work));
process.stdout.write(JSON.stringify(counts));

async function work(): Promise<void> {
  await using limiter = await openLimiter(
    { type: 'redis', url: values.redis, prefix: '{bench}', when_away: 'fail_closed' },
    { postgres, log, signal: new AbortController().signal },
  );
  const line = limitLine({ limiter, whenAway: 'fail_closed', log });
  const calling = platforms.flatMap((levels) =>
    Array.from({ length: Number(values.callers) }, async () => {
      const name = levels[0]?.key ?? '';
      while (!signal.aborted) {
        const ofHandle = { ...handle, key: `handle_${name}_${Math.floor(Math.random() * handles)}` };
        try {
          await line.pass({ levels: [...levels, ofHandle], choices: [] }, { maxWaitMs: 10_000, signal });
          counts[name] = (counts[name] ?? 0) + 1;
        } catch (thrown) {
          if (!(thrown instanceof LimitWait) && !signal.aborted) throw thrown;
          await sleep(50);
        }
      }
    }),
  );
  await Promise.all(calling);
}
