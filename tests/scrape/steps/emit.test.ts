import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowLab } from '../../support/flow-lab.ts';

const retrieve = { api: 'graphapi', path: '/x' };

test('an event is the record, or what its body makes of it, for the records that are chosen', async (context) => {
  await using lab = await flowLab(context, {
    flow: {
      params: { platform: 'string', handle: 'string' },
      retrieve,
      output: { id: 'string', followers: 'integer', bio: 'string?' },
      process: [
        { emit: { routing_key: 'whole', exchange: 'a.dx' }, when: 'record.followers > 1' },
        {
          emit: {
            routing_key: 'made',
            exchange: 'b.dx',
            body: {
              profile_id: 'record.id',
              handle: 'params.handle',
              kind: '"profile"',
              n: 3,
              nothing: 'record.bio',
              metrics: { followers: 'record.followers', list: ['record.id', 'record.bio', null] },
            },
          },
          when: 'record.bio = null or $not($exists(record.bio))',
        },
      ],
    },
    answer: () => [
      { id: 'a', followers: 1 },
      { id: 'b', followers: 2, bio: 'x' },
    ],
  });

  await lab.runOnce({ platform: 'instagram', handle: 'nasa' });

  const events = await lab.events();
  const envelope = { source: 'graphapi', platform: 'instagram', event_timestamp: events[0]?.written_at };
  assert.deepEqual(
    events.map(({ exchange, routing_key, body }) => [exchange, routing_key, body]),
    [
      ['a.dx', 'whole', { id: 'b', followers: 2, bio: 'x', event_id: events[0]?.message_id, ...envelope }],
      [
        'b.dx',
        'made',
        {
          profile_id: 'a',
          handle: 'nasa',
          kind: 'profile',
          n: 3,
          metrics: { followers: 1, list: ['a', null, null] },
          event_id: events[1]?.message_id,
          ...envelope,
        },
      ],
    ],
  );
});

test('what an event says of itself stays', async (context) => {
  await using lab = await flowLab(context, {
    flow: {
      retrieve,
      process: [{ emit: { routing_key: 'k', exchange: 'dx' } }],
    },
    answer: () => ({ event_id: 'own', source: 'crm', platform: 'shopify', event_timestamp: 'then' }),
  });

  await lab.runOnce();

  const [event] = await lab.events();
  assert.deepEqual(event?.body, { event_id: 'own', source: 'crm', platform: 'shopify', event_timestamp: 'then' });
  assert.equal(event?.message_id, 'own');
});

test('a flow without an API names itself as the source, and no platform where there is none', async (context) => {
  await using lab = await flowLab(context, {
    flow: { params: { id: 'string' }, process: [{ emit: { routing_key: 'k', exchange: 'dx' } }] },
  });

  await lab.runOnce({ id: 'a' });

  const [event] = await lab.events();
  assert.deepEqual(event?.body, { id: 'a', event_id: event?.message_id, source: 'refresh', event_timestamp: event?.written_at });
});
