import type { ModelNode, Node, TestNode } from '../../manifest/manifest.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { deferOptions, json, selectionOptions } from '../options.ts';

export const compile = defineCommand({
  name: 'compile',
  summary: 'Render the SQL of models and tests.',
  description:
    'Renders the templates of the chosen models and tests. Writes target/compiled/ and target/manifest.json; where a selection is given, prints the SQL too. Touches no warehouse but for --defer, so an incremental model is rendered as its first build would run it; gccflow plan shows what a build would run now.',
  examples: [
    { command: 'gccflow compile', description: 'Write all SQL to target/compiled/.' },
    { command: 'gccflow compile --select mart_post', description: 'Print the SQL of one model.' },
    { command: 'gccflow compile --select stg_post+ --json', description: 'The same for several, as JSON.' },
    {
      command: 'gccflow compile --select state:modified --defer --favor-state --state prod-artifacts',
      description: 'What changed, reading all else where production has it.',
    },
  ],
  positionals: [],
  options: { ...selectionOptions, ...deferOptions, json },
  async run(values, context) {
    const { openProject } = await import('../open-project.ts');
    const { nodesOf, selectFrom } = await import('../select-from.ts');
    const { renderSql } = await import('../../manifest/render-sql.ts');
    const { writeCompiled } = await import('../write-compiled.ts');
    const { deferUnselected } = await import('../defer.ts');
    const { findUnselected } = await import('../../plan/defer-refs.ts');
    const { openExisting } = await import('../open-existing.ts');
    const whole = await openProject(values, context);
    const selection = await selectFrom(whole, values, ['model', 'test']);
    const unselected = findUnselected(whole.manifest, selection.nodes);
    const opened = await deferUnselected(whole, unselected, values, context, openExisting(whole, context));
    const compiled = nodesOf(opened, selection)
      .filter(hasSql)
      .map((node) => ({ node, sql: renderSql(opened.manifest, node, { incremental: false }) }));
    await writeCompiled(whole.manifest, compiled, 'compile', context);
    const { output } = context;
    if (values.json) output.printJson(compiled.map(({ node, sql }) => ({ unique_id: node.id, compiled_code: sql })));
    else if (!selection.everything) output.print(compiled.map(({ node, sql }) => `-- ${node.id}\n${sql}`).join('\n\n'));
    output.note(`${compiled.length} compiled into target/compiled/`);
    return exitCode.ok;
  },
});

function hasSql(node: Node): node is ModelNode | TestNode {
  return node.kind === 'model' || node.kind === 'test';
}
