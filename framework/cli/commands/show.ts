import { GccflowError } from '../../foundation/error.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { deferOptions, json, state } from '../options.ts';

export const show = defineCommand({
  name: 'show',
  summary: 'Print the first rows of a published table, a model or a query.',
  description:
    'Prints rows as they are published: of the PostgreSQL table where a sync or its table is named, of the relation in ClickHouse where a model, seed or source is. --inline takes a query with refs instead.',
  examples: [
    { command: 'gccflow show leaderboard', description: 'A table in PostgreSQL, by the name of its sync.' },
    { command: 'gccflow show mart_post --limit 50 --output csv', description: 'A model, as CSV.' },
    { command: `gccflow show --inline 'select count() from {{ref "mart_post"}}'`, description: 'A query on ClickHouse.' },
  ],
  positionals: [{ name: 'node', description: 'Name of a sync, a PostgreSQL table, a model, seed or source.', completes: 'node' }],
  options: {
    inline: { type: 'text', value: 'SQL', description: 'A SELECT for ClickHouse, with {{ref}}, {{source}} and macros.' },
    limit: { type: 'number', value: 'N', description: 'Rows at most. Default: 10.' },
    output: { type: 'text', choices: ['table', 'json', 'csv'], description: 'Form of the rows. Default: table.' },
    state,
    ...deferOptions,
    json,
  },
  async run(values, context) {
    const [name] = context.positionals;
    if ((name === undefined) === (values.inline === undefined)) {
      throw new GccflowError('USAGE', 'Show takes the name of a node, or a query with --inline.', {
        hint: 'gccflow show --help has examples.',
      });
    }
    const { openProject } = await import('../open-project.ts');
    const { readRows } = await import('../read-rows.ts');
    const { formatRows } = await import('../format-rows.ts');
    const { deferUnselected } = await import('../defer.ts');
    const { findDeferrable } = await import('../../plan/defer-refs.ts');
    const { openExisting } = await import('../open-existing.ts');
    const whole = await openProject(values, context);
    const opened = await deferUnselected(whole, findDeferrable(whole.manifest), values, context, openExisting(whole, context));
    const rows = await readRows(opened, { name, inline: values.inline, limit: values.limit ?? 10 }, context);
    context.output.printData(formatRows(rows, values.json ? 'json' : (values.output ?? 'table')));
    return exitCode.ok;
  },
});
