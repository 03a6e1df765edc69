/** What `work` makes of each item, in their order, some of them at a time. The first that fails fails all; those under way are waited for. */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  let failed = false;
  const lanes = Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    for (const [index, item] of queue) {
      if (failed) return;
      try {
        results[index] = await work(item, index);
      } catch (thrown) {
        failed = true;
        throw thrown;
      }
    }
  });
  const ended = await Promise.allSettled(lanes);
  const refused = ended.find((lane) => lane.status === 'rejected');
  if (refused) throw refused.reason;
  return results;
}
