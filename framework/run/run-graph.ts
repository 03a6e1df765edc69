import type { NodeId } from '../manifest/manifest.ts';

/** A node as the graph sees it. */
export interface GraphNode {
  readonly node: NodeId;
  readonly waitsFor: readonly NodeId[];
  /** The longest starts first. */
  readonly pathMs: number;
}

export interface GraphRun<Item extends GraphNode> {
  readonly threads: number;
  /** Runs a node; false when it failed. A rejection ends the whole run once the running nodes are done. */
  readonly run: (item: Item) => Promise<boolean>;
  /** Called for a node that will not run, with the failed node on account of which. */
  readonly skip: (item: Item, failed: NodeId) => void;
  /** Asked before every start. */
  readonly mayStart: () => boolean;
}

/**
 * Runs nodes, `threads` at once, each as soon as those it waits for are done. What waits for a failed node is skipped. Gives back the
 * nodes that were never started because `mayStart` said no.
 */
export async function runGraph<Item extends GraphNode>(items: readonly Item[], run: GraphRun<Item>): Promise<Item[]> {
  const pending = new Pending(items);
  const running = new Set<Promise<void>>();
  const bugs: unknown[] = [];

  const start = (item: Item): void => {
    const task = run.run(item).then(
      (succeeded) => {
        running.delete(task);
        if (succeeded) pending.finish(item);
        else for (const below of pending.fail(item)) run.skip(below, item.node);
      },
      (thrown) => {
        running.delete(task);
        bugs.push(thrown);
      },
    );
    running.add(task);
  };

  for (;;) {
    while (running.size < run.threads && bugs.length === 0 && run.mayStart()) {
      const next = pending.takeReady();
      if (!next) break;
      start(next);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (bugs.length > 0) throw bugs[0];
  return pending.rest();
}

/** What has not started: ready nodes by their path, the others by what they wait for. */
class Pending<Item extends GraphNode> {
  readonly #waiting = new Map<NodeId, { item: Item; left: number }>();
  readonly #children = new Map<NodeId, Item[]>();
  readonly #ready: Item[] = [];

  constructor(items: readonly Item[]) {
    const known = new Set(items.map(({ node }) => node));
    for (const item of items) {
      const parents = item.waitsFor.filter((parent) => known.has(parent));
      for (const parent of parents) this.#children.set(parent, [...(this.#children.get(parent) ?? []), item]);
      if (parents.length === 0) this.#ready.push(item);
      else this.#waiting.set(item.node, { item, left: parents.length });
    }
  }

  takeReady(): Item | undefined {
    let best = 0;
    for (let index = 1; index < this.#ready.length; index += 1) {
      if ((this.#ready[index]?.pathMs ?? 0) > (this.#ready[best]?.pathMs ?? 0)) best = index;
    }
    return this.#ready.splice(best, 1)[0];
  }

  finish({ node }: Item): void {
    for (const child of this.#children.get(node) ?? []) {
      const entry = this.#waiting.get(child.node);
      if (!entry) continue; // skipped because of another parent
      entry.left -= 1;
      if (entry.left > 0) continue;
      this.#waiting.delete(child.node);
      this.#ready.push(child);
    }
  }

  /** Takes out everything below a failed node, parents first. */
  fail({ node }: Item): Item[] {
    const below: Item[] = [];
    const failed = [node];
    for (const parent of failed) {
      for (const child of this.#children.get(parent) ?? []) {
        if (!this.#waiting.delete(child.node)) continue;
        below.push(child);
        failed.push(child.node);
      }
    }
    return below;
  }

  rest(): Item[] {
    return [...this.#ready, ...[...this.#waiting.values()].map(({ item }) => item)];
  }
}
