import type { Node, NodeId } from '../../manifest/manifest.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json, selectionOptions } from '../options.ts';

const outputs = ['selector', 'name', 'path', 'json', 'dot'] as const;

export const ls = defineCommand({
  name: 'ls',
  summary: 'List nodes of the graph, parents first.',
  description:
    'Lists the nodes that a selection picks, one a line, parents before children, in a form that --select takes again. Reads files only: no warehouse is touched. Also called list.',
  examples: [
    { command: 'gccflow ls', description: 'Every node.' },
    { command: 'gccflow ls --select +mart_post --resource-type model', description: 'The models that mart_post is made of.' },
    { command: 'gccflow ls --select tag:core --output json', description: 'One JSON object a line, with config, tags and parents.' },
    { command: 'gccflow ls --output dot | dot -Tsvg > graph.svg', description: 'The graph as a picture.' },
  ],
  positionals: [],
  options: {
    ...selectionOptions,
    output: { type: 'text', choices: outputs, description: 'What is printed of a node. Default: selector.' },
    json,
  },
  async run(values, context) {
    const { openProject } = await import('../open-project.ts');
    const { nodesOf, selectFrom } = await import('../select-from.ts');
    const opened = await openProject(values, context);
    const nodes = nodesOf(opened, await selectFrom(opened, values));
    const { parents } = opened.manifest;
    if (values.json) context.output.printJson(nodes.map((node) => summarize(node, parents)));
    else if (values.output === 'dot') context.output.print(formatDot(nodes, parents));
    else if (nodes.length > 0) context.output.print(formatLines(nodes, values.output ?? 'selector', parents).join('\n'));
    return exitCode.ok;
  },
});

type Parents = ReadonlyMap<NodeId, readonly NodeId[]>;

function formatLines(nodes: readonly Node[], output: Exclude<(typeof outputs)[number], 'dot'>, parents: Parents): readonly string[] {
  switch (output) {
    case 'name':
      return nodes.map(({ name }) => name);
    case 'path':
      return nodes.map(({ file }) => file);
    case 'json':
      return nodes.map((node) => JSON.stringify(summarize(node, parents)));
    case 'selector':
      return nodes.map(formatSelector);
  }
}

/** dbt's form: the dotted path, with the method in front where the default one does not find it. */
function formatSelector(node: Node): string {
  const path = node.fqn.join('.');
  return node.kind === 'source' || node.kind === 'exposure' ? `${node.kind}:${path}` : path;
}

/** dbt's keys. */
function summarize(node: Node, parents: Parents): Record<string, unknown> {
  return {
    name: node.name,
    resource_type: node.kind,
    package_name: node.fqn[0],
    original_file_path: node.file,
    unique_id: node.id,
    fqn: node.fqn,
    alias: 'relation' in node ? node.relation.name : node.name,
    description: node.description,
    tags: node.tags,
    meta: node.meta,
    ...('config' in node ? { config: node.config } : {}),
    depends_on: { nodes: parents.get(node.id) ?? [] },
  };
}

function formatDot(nodes: readonly Node[], parents: Parents): string {
  const shown = new Set(nodes.map(({ id }) => id));
  const edges = nodes.flatMap(({ id }) => (parents.get(id) ?? []).filter((parent) => shown.has(parent)).map((parent) => [parent, id]));
  return [
    'digraph gccflow {',
    '  rankdir=LR;',
    ...nodes.map(({ id, name, kind }) => `  ${JSON.stringify(id)} [label=${JSON.stringify(`${name}\n${kind}`)}];`),
    ...edges.map(([from, to]) => `  ${JSON.stringify(from)} -> ${JSON.stringify(to)};`),
    '}',
  ].join('\n');
}
