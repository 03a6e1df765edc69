import type { ModelNode, Node } from '../../manifest/manifest.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';

const defaultRows = 5;

export const unitTestCreate = defineCommand({
  name: 'unit-test create',
  summary: 'Write a unit test of a model from live rows.',
  description:
    'Reads some rows of everything the model reads from the warehouse of the target, runs the model on them in a ClickHouse in memory, and writes both as a unit test into a file beside the model: the rows of the first relation that its SQL names by its sorting key, of the others those with the same key. Only columns that the SQL names are read. What stands in the file already is kept. Look the rows over before you commit them: they are real.',
  examples: [
    { command: 'gccflow unit-test create mart_post', description: `A test of up to ${defaultRows} rows.` },
    {
      command: 'gccflow unit-test create mart_post --rows 20 --name busy_channels -t prod',
      description: 'More rows, of another target, under a name.',
    },
  ],
  positionals: [{ name: 'model', description: 'Name of the model.', required: true, completes: 'node' }],
  options: {
    rows: { type: 'number', value: 'N', description: `Rows of the first relation, at most. Default: ${defaultRows}.` },
    name: { type: 'text', value: 'NAME', description: 'Name of the test. Default: live_rows.' },
  },
  async run(values, context) {
    const { openProject } = await import('../open-project.ts');
    const { findNode } = await import('../find-node.ts');
    const { writeUnitTest } = await import('../write-unit-test.ts');
    const opened = await openProject(values, context);
    const model = findNode(context.positionals[0] ?? '', opened.manifest, isModel);
    const file = await writeUnitTest(opened, model, { count: values.rows ?? defaultRows, name: values.name }, context);
    context.output.print(file);
    return exitCode.ok;
  },
});

function isModel(node: Node): node is ModelNode {
  return node.kind === 'model';
}
