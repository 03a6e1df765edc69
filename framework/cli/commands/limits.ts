import type { FoundLevel } from '../../scrape/limits/declared-levels.ts';
import type { LevelState } from '../../scrape/limits/limiter.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { isFlow } from '../is-flow.ts';
import { json } from '../options.ts';

/** More than that are not looked for. */
const maxKnown = 10_000;
/** A table shows no more, the fullest ones. */
const maxRows = 100;

export const limits = defineCommand({
  name: 'limits',
  summary: 'Say how full the rate limits are.',
  description:
    'Prints the limits of flows, APIs and credentials, the fullest first: how many calls of the window are used, when one more is let through, and how long the provider has closed the key. A limit whose key holds a param is shown for every value that was counted of late. Takes nothing.',
  examples: [
    { command: 'gccflow limits', description: 'All limits of the project.' },
    { command: 'gccflow limits beat_daily_instagram', description: 'Some by their keys; `*` stands for anything.' },
    { command: 'gccflow limits --flow refresh_profile_by_handle --json', description: 'Those of a flow, as JSON.' },
  ],
  positionals: [{ name: 'key', description: 'Keys of limits; `*` stands for anything.', several: true }],
  options: {
    flow: { type: 'text', value: 'NAME', completes: 'flow', description: 'Only limits that this flow declares.' },
    json,
  },
  async run(values, context) {
    const { openTasks } = await import('../open-tasks.ts');
    const { openLimiter } = await import('../../scrape/limits/open-limiter.ts');
    const { declaredLevels, findLevels } = await import('../../scrape/limits/declared-levels.ts');
    const { findNode } = await import('../find-node.ts');
    const { output, log, signal, positionals } = context;
    await using opened = await openTasks(values, context);
    const { manifest, project, postgres } = opened;
    const nodes = values.flow === undefined ? manifest.nodes.values() : [findNode(values.flow, manifest, isFlow)];
    await using limiter = await openLimiter(project.target.limiter, { postgres, log, signal });
    const found = findLevels(declaredLevels(nodes), await limiter.known(maxKnown)).filter(({ key }) => isWanted(key, positionals));
    const states = await limiter.inspect(found);
    const rows = found
      .map((level, index) => ({ ...level, ...states[index] }))
      .toSorted((a, b) => share(b) - share(a) || (a.key < b.key ? -1 : 1));
    if (values.json) output.printJson(rows.map(summarize));
    else if (rows.length === 0) output.note(positionals.length > 0 ? 'No limit has such a key.' : 'Nothing is limited.');
    else {
      const { formatTable } = await import('../format-table.ts');
      const { formatDuration } = await import('../../foundation/duration.ts');
      output.print(
        formatTable(
          columns,
          rows.slice(0, maxRows).map((row) => cellsOf(row, formatDuration)),
        ),
      );
      if (rows.length > maxRows) output.note(`${rows.length - maxRows} more, less full; name keys to see them`);
    }
    return exitCode.ok;
  },
});

type Row = FoundLevel & Partial<LevelState>;

function isWanted(key: string, wanted: readonly string[]): boolean {
  return wanted.length === 0 || wanted.some((text) => new RegExp(`^${text.split('*').map(RegExp.escape).join('.*')}$`, 's').test(key));
}

function share({ used = 0, requests, closedForMs }: Row): number {
  return closedForMs ? 2 : used / requests;
}

const left = (title: string) => ({ title, align: 'left' }) as const;
const right = (title: string) => ({ title, align: 'right' }) as const;
const columns = [left('key'), right('used'), right('allowed'), left('in'), right('next call in'), right('closed for'), left('declared by')];

function cellsOf(
  { key, used = 0, requests, perMs, window, waitMs = 0, closedForMs, owners }: Row,
  format: (ms: number) => string,
): string[] {
  const counts = [used, requests].map((count) => count.toLocaleString('en'));
  const time = window === 'fixed' ? `${format(perMs)}, fixed` : format(perMs);
  return [key, ...counts, time, waitMs > 0 ? format(waitMs) : '–', closedForMs ? format(closedForMs) : '–', owners.join(', ')];
}

function summarize({ key, used = 0, requests, perMs, window, waitMs = 0, closedForMs = null, owners }: Row) {
  return { key, used, requests, per_ms: perMs, window, wait_ms: waitMs, closed_for_ms: closedForMs, declared_by: owners };
}
