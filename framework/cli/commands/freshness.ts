import { GccflowError } from '../../foundation/error.ts';
import type { SourceNode } from '../../manifest/manifest.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { runOptions, selectionOptions } from '../options.ts';

export const freshness = defineCommand({
  name: 'freshness',
  summary: 'Say how old the newest rows of sources are.',
  description:
    'Asks the warehouse when the newest row of each chosen source was loaded, and compares its age with the warn_after and error_after of the source: by its loaded_at, by its loaded_at_query, or else by the time at which the newest part of its table was written. Sources without freshness are left out. Exits 1 where one is too old, or its age cannot be told. Writes target/sources.json, and keeps the one before it as sources.previous.json.',
  examples: [
    { command: 'gccflow freshness', description: 'Every source that declares freshness.' },
    { command: 'gccflow freshness --select +mart_post', description: 'Those that a model is made of.' },
    { command: 'gccflow freshness --select source:beat --json', description: 'Those of one file, as JSON.' },
  ],
  positionals: [],
  options: {
    ...selectionOptions,
    threads: { ...runOptions.threads, description: "Sources asked at once. Default: the target's." },
    'wait-lock': { ...runOptions['wait-lock'], description: 'How long to wait for a process that holds the embedded warehouse, e.g. 10m.' },
    json: runOptions.json,
  },
  async run(values, context) {
    const { openProject } = await import('../open-project.ts');
    const { nodesOf, selectFrom } = await import('../select-from.ts');
    const { checkFreshness } = await import('../check-freshness.ts');
    const { formatFreshness, formatFreshnessTotals, summarizeFreshness } = await import('../format-freshness.ts');
    const { formatError } = await import('../format-error.ts');
    const { parseWaitLock } = await import('../parse-wait-lock.ts');
    const { isDated, isFresh } = await import('../../run/freshness.ts');
    const { output, cwd } = context;
    const opened = await openProject(values, context);
    const selection = await selectFrom(opened, values, ['source']);
    const sources = nodesOf(opened, selection).filter((node): node is SourceNode => node.kind === 'source');
    if (!sources.some(isDated)) {
      if (!selection.everything && !values['allow-empty']) throw nothingDated();
      if (values.json) output.printJson([]);
      output.note('No source declares freshness, nothing is asked.');
      return exitCode.ok;
    }
    const threads = values.threads ?? opened.project.target.threads;
    const result = await checkFreshness(opened, { sources, threads, waitLockMs: parseWaitLock(values['wait-lock']) }, context);
    if (values.json) output.printJson(summarizeFreshness(result, opened.manifest));
    else if (!output.quiet) output.print(formatFreshness(result, opened.manifest));
    for (const { error } of result.sources) {
      if (error === null) continue;
      const paint = (style: Parameters<typeof output.paint>[1], text: string): string => output.paint('stderr', style, text);
      output.complain(`\n${formatError(error, { projectDir: opened.project.dir, cwd, paint })}`);
    }
    output.note(`\n${formatFreshnessTotals(result)}`);
    return result.sources.every(isFresh) ? exitCode.ok : exitCode.failed;
  },
});

function nothingDated(): GccflowError {
  const hint = 'Give the source for example `freshness: { warn_after: 12h, error_after: 1d }`; --allow-empty permits that there is none.';
  return new GccflowError('SELECTOR_NO_MATCH', 'None of the selected sources declares freshness.', { hint });
}
