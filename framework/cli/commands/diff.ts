import { GccflowError } from '../../foundation/error.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json, state } from '../options.ts';

export const diff = defineCommand({
  name: 'diff',
  summary: 'Say what a change does to nodes, columns and who reads them.',
  description:
    'Compares the project with the artifacts of an earlier run: nodes that are new, modified and in what, or removed; columns that are added, removed or of another type; and what is made of all that. Prints Markdown, for a comment on a pull request. Columns and their readers are those that ClickHouse says, in memory, where the state holds the check.json that gccflow check leaves; else columns that files declare. Touches no warehouse.',
  examples: [
    { command: 'gccflow diff --state prod-artifacts', description: 'As Markdown.' },
    { command: 'gccflow diff --state s3://bucket/gccflow/prod --json', description: 'Against artifacts in S3, as JSON.' },
  ],
  positionals: [],
  options: { state, markdown: { type: 'boolean', description: 'Print Markdown: what it does by default.' }, json },
  async run(values, context) {
    if (values.markdown && values.json) throw new GccflowError('USAGE', "'--markdown' and '--json' exclude each other.");
    const { openProject } = await import('../open-project.ts');
    const { diffWithState } = await import('../diff-with-state.ts');
    const { formatDiff } = await import('../format-diff.ts');
    const found = await diffWithState(await openProject(values, context), context);
    if (values.json) context.output.printJson(found);
    else context.output.print(formatDiff(found));
    return exitCode.ok;
  },
});
