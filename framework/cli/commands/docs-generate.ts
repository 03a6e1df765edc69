import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json, runOptions, selectionOptions } from '../options.ts';

export const docsGenerate = defineCommand({
  name: 'docs generate',
  summary: 'Write manifest.json and catalog.json for tools that read dbt.',
  description:
    "Writes two artifacts in dbt's schemas: target/manifest.json with the graph and all SQL compiled, and target/catalog.json with the columns, types, rows and bytes of the chosen models, seeds and sources that stand in the warehouse. What is not built is left out of the catalog and named.",
  examples: [
    { command: 'gccflow docs generate', description: 'Everything that is built.' },
    { command: 'gccflow docs generate --select tag:mart', description: 'The whole manifest, and a catalog of some relations.' },
    { command: 'gccflow docs generate --json', description: 'Print the catalog too.' },
  ],
  positionals: [],
  options: {
    ...selectionOptions,
    'wait-lock': { ...runOptions['wait-lock'], description: 'How long to wait for a process that holds the embedded warehouse, e.g. 10m.' },
    json,
  },
  async run(values, context) {
    const { openProject } = await import('../open-project.ts');
    const { selectFrom } = await import('../select-from.ts');
    const { parseWaitLock } = await import('../parse-wait-lock.ts');
    const { generateDocs } = await import('../generate-docs.ts');
    const { catalogNodes } = await import('../../run/catalog.ts');
    const { output } = context;
    const opened = await openProject(values, context);
    const { nodes: selected } = await selectFrom(opened, values, ['model', 'seed', 'source']);
    const nodes = catalogNodes(opened.manifest).filter(({ id }) => selected.has(id));
    const { catalog, file } = await generateDocs(opened, { nodes, waitLockMs: parseWaitLock(values['wait-lock']) }, context);
    if (values.json) output.printJson(file);
    output.note(`target/manifest.json: ${opened.manifest.nodes.size} nodes`);
    output.note(`target/catalog.json: ${catalog.tables.size} relations`);
    if (catalog.missing.length > 0) output.note(`not in the warehouse: ${catalog.missing.join(', ')}`);
    return exitCode.ok;
  },
});
