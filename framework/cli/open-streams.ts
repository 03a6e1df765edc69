import type { Broker } from '../connections/broker.ts';
import type { IngestNode, Node, SinkNode } from '../manifest/manifest.ts';
import type { CommandContext, Values } from './command.ts';
import { openTargetBroker } from './open-connections.ts';
import { type OpenProject, openProject } from './open-project.ts';
import type { EverywhereOptions, SelectionOptions } from './options.ts';
import { nodesOf, selectFrom } from './select-from.ts';

export interface Streams {
  readonly sinks: readonly SinkNode[];
  readonly ingests: readonly IngestNode[];
}

/** Every sink and ingest of a project. */
export function streamsOf({ manifest }: Pick<OpenProject, 'manifest'>): Streams {
  return streamsAmong([...manifest.nodes.values()]);
}

/** Opens the project and its broker, and picks the sinks and ingests that the flags mean. */
export async function openStreams(
  values: Values<SelectionOptions & EverywhereOptions>,
  context: CommandContext,
): Promise<Streams & { readonly opened: OpenProject; readonly broker: Broker } & AsyncDisposable> {
  const opened = await openProject(values, context);
  const streams = streamsAmong(nodesOf(opened, await selectFrom(opened, values, ['sink', 'ingest'])));
  const broker = await openTargetBroker(opened.project, context);
  return { ...streams, opened, broker, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
}

function streamsAmong(nodes: readonly Node[]): Streams {
  return { sinks: nodes.filter((node) => node.kind === 'sink'), ingests: nodes.filter((node) => node.kind === 'ingest') };
}
