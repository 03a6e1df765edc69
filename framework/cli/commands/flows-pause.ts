import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { flowPositional, isFlow } from '../is-flow.ts';

export const flowsPause = defineCommand({
  name: 'flows pause',
  summary: 'Start no more tasks of flows.',
  description:
    'From now on no worker starts tasks of these flows; what runs, ends. Tasks may still be queued. `gccflow flows resume` ends it.',
  examples: [{ command: 'gccflow flows pause fetch_post_comments', description: 'While a provider is away.' }],
  positionals: [{ ...flowPositional, several: true }],
  options: {},
  async run(values, context) {
    const { openTasks } = await import('../open-tasks.ts');
    const { findNode } = await import('../find-node.ts');
    const { pauseFlows } = await import('../../scrape/queue/pause-flows.ts');
    await using opened = await openTasks(values, context);
    const names = context.positionals.map((name) => findNode(name, opened.manifest, isFlow).name);
    await pauseFlows(opened.postgres, names);
    context.output.print(`paused: ${names.join(', ')}`);
    return exitCode.ok;
  },
});
