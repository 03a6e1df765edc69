import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { flowPositional, isFlow } from '../is-flow.ts';

export const flowsResume = defineCommand({
  name: 'flows resume',
  summary: 'Start tasks of paused flows again.',
  description: 'Ends the pause of flows, and wakes their workers.',
  examples: [{ command: 'gccflow flows resume fetch_post_comments', description: 'One flow.' }],
  positionals: [{ ...flowPositional, several: true }],
  options: {},
  async run(values, context) {
    const { openTasks } = await import('../open-tasks.ts');
    const { findNode } = await import('../find-node.ts');
    const { resumeFlows } = await import('../../scrape/queue/pause-flows.ts');
    await using opened = await openTasks(values, context);
    const names = context.positionals.map((name) => findNode(name, opened.manifest, isFlow).name);
    await resumeFlows(opened.postgres, names);
    context.output.print(`resumed: ${names.join(', ')}`);
    return exitCode.ok;
  },
});
