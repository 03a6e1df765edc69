import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { FakeQueue } from '../support/fake-broker.ts';
import { badRow, FakeWriter, fakeSink, outage } from '../support/fake-sink.ts';

/** What happens next between queue, sink and destination. */
type Event =
  | { readonly kind: 'put'; readonly count: number; readonly bad: boolean }
  /** How the writes from here on end: stored; not stored; stored, and the answer is lost; or not before the next event. */
  | { readonly kind: 'writes'; readonly end: 'store' | 'fail' | 'lose the answer' | 'hang' }
  | { readonly kind: 'lose' }
  | { readonly kind: 'publishing'; readonly fails: boolean }
  | { readonly kind: 'turns'; readonly count: number };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), count: fc.integer({ min: 1, max: 25 }), bad: fc.boolean() }),
  fc.record({ kind: fc.constant('writes' as const), end: fc.constantFrom('store', 'fail', 'lose the answer', 'hang') }),
  fc.constant({ kind: 'lose' as const }),
  fc.record({ kind: fc.constant('publishing' as const), fails: fc.boolean() }),
  fc.record({ kind: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 20 }) }),
);

/** Keeps the token of a batch until it has said that it is stored: what comes again after that, the sink has to know by itself. */
class TokenWriter extends FakeWriter {
  readonly #tokens = new Set<string>();
  end: 'store' | 'fail' | 'lose the answer' | 'hang' = 'store';
  #goOn = Promise.withResolvers<void>();

  become(end: TokenWriter['end']): void {
    this.end = end;
    this.#goOn.resolve();
    this.#goOn = Promise.withResolvers();
  }

  override async write(entries: Parameters<FakeWriter['write']>[0], { token }: { token: string }): Promise<void> {
    await turn();
    while (this.end === 'hang') await this.#goOn.promise;
    const { end } = this;
    if (end === 'fail') throw outage();
    const ids = entries.flatMap((entry) => entry.ids);
    if (ids.some((id) => id.startsWith('bad'))) throw badRow();
    if (!this.#tokens.has(token)) this.stored.push(...ids);
    this.#tokens.add(token);
    if (end === 'lose the answer') throw outage();
    this.#tokens.delete(token);
  }
}

test('whatever fails in whatever order, nothing is acked before it is kept, twice, or after it was lost; and all is kept once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 3, maxLength: 15 }), fc.constantFrom('id', null), async (events, deduplicate_by) => {
      const queue = new FakeQueue();
      const writer = new TokenWriter();
      const keeps = (id: string): boolean => writer.stored.includes(id) || queue.published.some(({ messageId }) => messageId === id);
      const ackedTooEarly: string[] = [];
      queue.onAck = (id) => void (keeps(id) || ackedTooEarly.push(id));
      const sink = fakeSink({ queue, writer, sink: { deduplicate_by } });
      let count = 0;

      for (const next of events) {
        if (next.kind === 'put') for (let n = 0; n < next.count; n++) queue.put(`${next.bad && n === 0 ? 'bad' : 'm'}${count++}`);
        else if (next.kind === 'writes') writer.become(next.end);
        else if (next.kind === 'lose') queue.lose();
        else if (next.kind === 'publishing') queue.refuse = next.fails ? () => new Error('no confirm') : null;
        else for (let n = 0; n < next.count; n++) await turn();
      }
      writer.become('store');
      queue.refuse = null;
      await sink.ended;

      const all = queue.messages.map(({ id }) => id);
      assert.deepEqual(ackedTooEarly, []);
      assert.equal(queue.staleAcks, 0);
      assert.deepEqual(queue.in('acked'), all);
      const kept = [...writer.stored, ...queue.published.map(({ messageId }) => messageId)];
      assert.deepEqual(kept.toSorted(), all.toSorted());
    }),
    { numRuns: 40 },
  );
});
