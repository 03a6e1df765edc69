import { GccflowError } from '../../foundation/error.ts';
import type { ModelNode, Node } from '../../manifest/manifest.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { runOptions } from '../options.ts';

export const intervals = defineCommand({
  name: 'intervals',
  summary: 'Say which intervals of a model are published, missing or changed.',
  description:
    'Lists the intervals of a model with incremental_strategy: interval: published, open (still going on), due (later than all that is published), missing (a hole) and drifted (somebody but gccflow changed a partition that they lie in). --repair writes the missing and the drifted ones anew, and no others; tests of the model run before they are published.',
  examples: [
    { command: 'gccflow intervals events_daily', description: 'What the table holds, and what became of its partitions.' },
    { command: 'gccflow intervals events_daily --repair', description: 'Fill the holes, and put back what was changed by hand.' },
    { command: 'gccflow intervals events_daily --json', description: 'Every interval with its state, as JSON.' },
  ],
  positionals: [{ name: 'model', description: 'Name of a model, or its id.', required: true, completes: 'node' }],
  options: { ...runOptions, repair: { type: 'boolean', description: 'Write the missing and the drifted intervals anew.' } },
  async run(values, context) {
    const { openProject } = await import('../open-project.ts');
    const { findNode } = await import('../find-node.ts');
    const { reportIntervals } = await import('../report-intervals.ts');
    const { formatIntervalReport } = await import('../format-intervals.ts');
    const opened = await openProject(values, context);
    const node = findNode(context.positionals[0] ?? '', opened.manifest, isModel);
    if (node.config.incremental_strategy !== 'interval') {
      throw new GccflowError('USAGE', `The model '${node.name}' is not built by intervals.`, {
        hint: '`gccflow ls --select config.incremental_strategy:interval` lists those that are.',
      });
    }
    const report = await reportIntervals(node, opened, values, context);
    if (values.repair) {
      const { repairIntervals } = await import('../repair-intervals.ts');
      return repairIntervals(node, report, opened, values, context);
    }
    const { intervals: each, drift, publication } = report;
    if (values.json) context.output.printJson({ unique_id: node.id, publication, intervals: each, drift });
    else context.output.print(formatIntervalReport(node, report));
    return exitCode.ok;
  },
});

function isModel(node: Node): node is ModelNode {
  return node.kind === 'model';
}
