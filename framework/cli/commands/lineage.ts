import { GccflowError } from '../../foundation/error.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';

export const lineage = defineCommand({
  name: 'lineage',
  summary: 'Say what columns come from and go into.',
  description:
    'Follows a column, or every column of a node, through the SQL of models as ClickHouse itself understands it, on through sinks and flows to where events come from and through syncs to the tables that are served. A column comes from those that its values are computed of; the columns that only decide which rows there are (filters, keys of joins and groups) are told apart as `rows`. Touches no warehouse.',
  examples: [
    { command: 'gccflow lineage mart_post.views', description: 'What the column comes from, and what is made of it.' },
    { command: 'gccflow lineage source.beat.post.views --downstream', description: 'What a change of a source column would touch.' },
    { command: 'gccflow lineage sync.leaderboard --upstream --depth 1', description: 'One step up, for every column of a served table.' },
    { command: 'gccflow lineage mart_post --mermaid', description: 'A picture for a Markdown file.' },
  ],
  positionals: [
    { name: 'COLUMN', description: 'A column as node.column, or a node for all of its columns.', required: true, completes: 'node' },
  ],
  options: {
    upstream: { type: 'boolean', description: 'Only what it comes from.' },
    downstream: { type: 'boolean', description: 'Only what it goes into.' },
    depth: { type: 'number', value: 'N', description: 'Steps to go. Default: to the end.' },
    json,
    dot: { type: 'boolean', description: 'Print a graph for Graphviz.' },
    mermaid: { type: 'boolean', description: 'Print a graph for Mermaid.' },
  },
  async run(values, context) {
    const { openProject } = await import('../open-project.ts');
    const { openCheckEngine } = await import('../../check/check-engine.ts');
    const { readProjectLineage } = await import('../../check/lineage/project-lineage.ts');
    const { columnsAmong, findNamed } = await import('../../check/lineage/find-columns.ts');
    const { walkLineage } = await import('../../check/lineage/walk-lineage.ts');
    const { printLineage } = await import('../print-lineage.ts');
    const form = formOf(values);
    const opened = await openProject(values, context);
    const named = findNamed(context.positionals[0] ?? '', opened.manifest);
    const directions = (['upstream', 'downstream'] as const).filter(
      (direction) => values[direction] || !(values.upstream || values.downstream),
    );
    await using engine = await openCheckEngine();
    const columns = await readProjectLineage({ ...opened, engine, of: { nodes: named.map(({ node }) => node.id), directions } });
    const start = columnsAmong(named, columns);
    const walks = directions.map((direction) => ({
      direction,
      edges: walkLineage(start, columns, opened.manifest, { direction, depth: values.depth ?? Number.POSITIVE_INFINITY }),
    }));
    printLineage({ start, walks, form, columns, manifest: opened.manifest }, context.output);
    return exitCode.ok;
  },
});

/** The one form that was asked for. Throws USAGE for two. */
function formOf(values: { readonly json: boolean | undefined; readonly dot: boolean | undefined; readonly mermaid: boolean | undefined }) {
  const [first = 'text', second] = (['json', 'dot', 'mermaid'] as const).filter((form) => values[form]);
  if (second === undefined) return first;
  throw new GccflowError('USAGE', `'--${first}' and '--${second}' exclude each other.`, { hint: 'Give one of them.' });
}
