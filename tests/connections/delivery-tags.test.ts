import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DeliveryTags } from '../../framework/connections/delivery-tags.ts';

test('what comes first in order is settled by one multiple acknowledgement', () => {
  const tags = new DeliveryTags();

  assert.deepEqual(tags.settle([1, 2, 3]), { upTo: 3, single: [] });
  assert.deepEqual(tags.settle([4, 5]), { upTo: 5, single: [] });
});

test('what has something unsettled below it is settled one by one', () => {
  const tags = new DeliveryTags();

  assert.deepEqual(tags.settle([1, 2, 4, 5]), { upTo: 2, single: [4, 5] });
  assert.deepEqual(tags.settle([3]), { upTo: 3, single: [] });
  assert.deepEqual(tags.settle([6]), { upTo: 6, single: [] });
});

test('what is settled already is left out', () => {
  const tags = new DeliveryTags();

  tags.settle([1, 3]);

  assert.deepEqual(tags.settle([1, 3, 3]), { upTo: null, single: [] });
});

test('whatever the order, a broker settles what it is told and nothing else, each once', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }), { maxLength: 20 }), (batches) => {
      const tags = new DeliveryTags();
      const held = new Set(Array.from({ length: 40 }, (_, index) => index + 1));
      const told = new Set<number>();
      for (const batch of batches) {
        const { upTo, single } = tags.settle(batch);
        for (const tag of batch) told.add(tag);

        // As RabbitMQ does: a tag that it does not hold closes the channel.
        if (upTo !== null) {
          assert.ok(held.has(upTo), `upTo ${upTo}`);
          for (const tag of [...held]) if (tag <= upTo) held.delete(tag);
        }
        for (const tag of single) assert.ok(held.delete(tag), `single ${tag}`);
        assert.deepEqual(held, new Set([...held].filter((tag) => !told.has(tag))));
        assert.equal(held.size + told.size, 40);
      }
    }),
  );
});
