import type { Broker } from '../connections/broker.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import { type DeadLetterQueue, deadLetterQueueOf } from '../sink/dead-letters.ts';
import type { CommandContext, Values } from './command.ts';
import { isSink } from './dead-letter-filter.ts';
import { findNode } from './find-node.ts';
import { openTargetBroker } from './open-connections.ts';
import { openProject } from './open-project.ts';
import type { EverywhereOptions } from './options.ts';

export interface DeadLetters extends AsyncDisposable {
  readonly node: SinkNode;
  readonly queue: DeadLetterQueue;
  readonly broker: Broker;
}

/** Opens the broker for the dead letters of the sink that the first argument names. Throws SELECTOR_NO_MATCH with the nearest name. */
export async function openDeadLetters(values: Values<EverywhereOptions>, context: CommandContext): Promise<DeadLetters> {
  const { project, manifest } = await openProject(values, context);
  const node = findNode(context.positionals[0] ?? '', manifest, isSink);
  const queue = deadLetterQueueOf(node, [...manifest.nodes.values()].filter(isSink));
  const broker = await openTargetBroker(project, context);
  return { node, queue, broker, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
}
