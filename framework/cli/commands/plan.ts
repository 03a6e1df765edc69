import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { deferOptions, fullRefresh, intervalRange, json, runOptions, selectionOptions } from '../options.ts';

export const plan = defineCommand({
  name: 'plan',
  summary: 'Print the statements that a build would run, and why.',
  description:
    'Reads the state of the warehouse and prints for every chosen node what a build would do now: the statements in their order, first build or incremental and why, the tests that stand before publication. Changes nothing.',
  examples: [
    { command: 'gccflow plan --select mart_post', description: 'One model.' },
    { command: 'gccflow plan --full-refresh --json', description: 'Everything anew, as JSON.' },
  ],
  positionals: [],
  options: { ...selectionOptions, ...fullRefresh, ...intervalRange, 'wait-lock': runOptions['wait-lock'], ...deferOptions, json },
  async run(values, context) {
    const { openProject } = await import('../open-project.ts');
    const { selectFrom } = await import('../select-from.ts');
    const { openTargetWarehouse } = await import('../open-connections.ts');
    const { openPlanner } = await import('../open-planner.ts');
    const { deferUnselected } = await import('../defer.ts');
    const { findUnselected } = await import('../../plan/defer-refs.ts');
    const { readExisting } = await import('../../run/read-existing.ts');
    const { explainPlan } = await import('../../plan/explain-plan.ts');
    const { kindsOf } = await import('../../plan/order-nodes.ts');
    const { parseWaitLock } = await import('../parse-wait-lock.ts');
    const { parseIntervalRange } = await import('../parse-interval-range.ts');
    const waitLockMs = parseWaitLock(values['wait-lock']);
    const asked = parseIntervalRange(values);
    const whole = await openProject(values, context);
    const selection = await selectFrom(whole, values, kindsOf.build);
    await using warehouse = await openTargetWarehouse(whole.project, { ...context, threads: 1, waitLockMs });
    const unselected = findUnselected(whole.manifest, selection.nodes);
    const opened = await deferUnselected(whole, unselected, values, context, (relations) => readExisting(relations, warehouse));
    const request = {
      command: 'build',
      nodes: [...selection.nodes],
      fullRefresh: values['full-refresh'] === true,
      ...(asked && { asked }),
    } as const;
    const planned = await (await openPlanner(opened, request, warehouse, context.clock))();
    if (values.json) context.output.printJson(planned);
    else context.output.print(explainPlan(planned).trimEnd());
    return exitCode.ok;
  },
});
