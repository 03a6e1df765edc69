import type { Node, NodeId } from '../../manifest/manifest.ts';
import type { EarlierNode } from '../../plan/earlier-state.ts';
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
    { command: 'gccflow ls --select state:modified+ --state prod-artifacts', description: 'What a change touches.' },
    { command: 'gccflow ls --select state:removed --state prod-artifacts', description: 'What it takes away.' },
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
    const { findRemoved, withoutRemoved } = await import('../removed-nodes.ts');
    const opened = await openProject(values, context);
    const { select, asksRemoved } = withoutRemoved(values.select);
    const removed = asksRemoved ? await findRemoved(opened, values) : [];
    const onlyRemoved = asksRemoved && select.length === 0;
    const nodes = onlyRemoved ? [] : nodesOf(opened, await selectFrom(opened, { ...values, select }));
    const { parents } = opened.manifest;
    const lines: readonly Listed[] = [...nodes.map((node) => listNode(node, parents)), ...removed.map(listRemoved)];
    const output = values.output ?? 'selector';
    if (values.json) context.output.printJson(lines.map(({ summary }) => summary));
    else if (output === 'dot') context.output.print(formatDot(nodes, parents));
    else if (lines.length > 0) context.output.print(lines.map((line) => formatLine(line, output)).join('\n'));
    return exitCode.ok;
  },
});

type Parents = ReadonlyMap<NodeId, readonly NodeId[]>;

/** What is printed of a node, whichever form is asked for. */
interface Listed {
  readonly selector: string;
  readonly name: string;
  readonly path: string;
  readonly summary: Readonly<Record<string, unknown>>;
}

function listNode(node: Node, parents: Parents): Listed {
  return { selector: formatSelector(node.kind, node.fqn), name: node.name, path: node.file, summary: summarize(node, parents) };
}

function listRemoved({ id, kind, name, fqn, file, tags }: EarlierNode): Listed {
  const summary = { name, resource_type: kind, package_name: fqn[0], original_file_path: file, unique_id: id, fqn, tags, removed: true };
  return { selector: formatSelector(kind, fqn), name, path: file, summary };
}

function formatLine(listed: Listed, output: Exclude<(typeof outputs)[number], 'dot'>): string {
  return output === 'json' ? JSON.stringify(listed.summary) : listed[output];
}

/** dbt's form: the dotted path, with the method in front where the default one does not find it. */
function formatSelector(kind: string, fqn: readonly string[]): string {
  const path = fqn.join('.');
  return kind === 'source' || kind === 'exposure' ? `${kind}:${path}` : path;
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
