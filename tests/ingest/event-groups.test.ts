import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { groupEvents } from '../../framework/ingest/event-groups.ts';
import type { EventMethod } from '../../framework/ingest/event-method.ts';
import { openEventMethod } from '../../framework/ingest/event-method.ts';
import { readProtoMethod } from '../../framework/ingest/read-proto.ts';
import { Refusal } from '../../framework/ingest/refusal.ts';
import { IngestFile } from '../../framework/project/ingest-file.ts';
import { projectDir } from '../support/project-dir.ts';

const gcc = join(import.meta.dirname, '../..');
const at = { file: 'sources/ingest.yaml', line: 1, column: 1 };
const now = new Date('2026-03-01T10:00:00.750Z');

const grpcOf = (more: object = {}) => {
  const grpc = {
    proto: 'proto/events.proto',
    method: 'bulbulgrpc.EventService.dispatch',
    exchange: 'grpc_event.tx',
    id: 'eventId',
    ...more,
  };
  const { grpc: read } = IngestFile.parse({ kind: 'ingest', name: 'events', grpc });
  assert.ok(read);
  return read;
};
const openMethod = (more: object = {}, maxEvents = 100): Promise<EventMethod> =>
  openEventMethod(grpcOf(more), { projectDir: gcc, at, maxEvents });

const proto = await readProtoMethod(join(gcc, 'sources/proto/events.proto'), 'bulbulgrpc.EventService.dispatch');
const method = await openMethod();

const launch = (eventId: string, timestamp = '1') => ({ eventId, timestamp, launchEvent: { isFirstLaunch: true } });

interface Body {
  readonly header?: object;
  readonly events: readonly { readonly eventId: string; readonly timestamp: string }[];
}
const bodies = (parcel: ReturnType<EventMethod['fromJson']>): Body[] =>
  parcel.messages.map(({ body }) => JSON.parse(body.toString('utf8')) as Body);

/** What is refused, as `kind path: message`. */
function refused(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof Refusal) return `${thrown.kind} ${thrown.path}: ${thrown.message}`;
    throw thrown;
  }
  return 'taken';
}

test('the GCC proto has 24 strings in its header and 60 types of events under the numbers of the contract', () => {
  const [header, events] = [proto.request.shape.fields.get('header'), proto.request.shape.fields.get('events')];
  const headerShape = header?.value.kind === 'message' ? header.value.shape() : undefined;
  const event = events?.value.kind === 'message' ? events.value.shape() : undefined;
  const types = [...(event?.fields.values() ?? [])].filter(({ oneof }) => oneof === 'eventOf');

  assert.equal(headerShape?.fields.size, 24);
  assert.ok([...(headerShape?.fields.values() ?? [])].every(({ value }) => value.kind === 'scalar' && value.type === 'string'));
  assert.equal(types.length, 60);
  const bytes = Buffer.from(proto.request.encode({ events: [{ addToCartEvent: { price: 2 } }] }));
  assert.equal(bytes[2], 0xa2, 'AddToCartEvent is field 20');
  assert.equal(bytes[3], 0x01);
});

test('every event of a request is in exactly one group, under its type, in order, beside the same header', () => {
  const member = fc.constantFrom('launchEvent', 'pageOpenedEvent', 'addToCartEvent', 'errorShownEvent', 'pageLoadedEvent');
  const event = fc.tuple(fc.uuid(), fc.nat(2_000_000_000), member);
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 60 }), fc.string(), (events, userId) => {
      const request = {
        header: { userId },
        events: events.map(([eventId, timestamp, key]) => ({ eventId, timestamp: String(timestamp), [key]: {} })),
      };
      const parcel = method.fromBytes(Buffer.from(proto.request.encode(request)), now);

      const published = parcel.messages.map(({ routingKey }, index) => [routingKey, bodies(parcel)[index]] as const);
      const expected = Map.groupBy(events, ([, , key]) => `${key[0]?.toUpperCase()}${key.slice(1)}`);
      assert.equal(parcel.events, events.length);
      assert.deepEqual(
        published.map(([type, body]) => [type, body?.events.map(({ eventId }) => eventId)]),
        [...expected].map(([type, of]) => [type, of.map(([eventId]) => eventId)]),
      );
      for (const [, body] of published) assert.deepEqual(body?.header, { userId });
    }),
    { numRuns: 200 },
  );
});

test('bytes and JSON of one request become the same messages', () => {
  const request = {
    header: { sessionId: 's', currentURL: 'https://x' },
    events: [
      { eventId: 'a', timestamp: '5', pageLoadedEvent: { pageName: 'p', loadTimeMs: '9007199254740993' } },
      { eventId: 'b', timestamp: '6', profileEditedEvent: { profileId: '1', changedFields: ['bio', 'name'] } },
      { eventId: 'c', timestamp: '7', addToCartEvent: { price: 12.5, quantity: -3 } },
    ],
  };

  const fromBytes = method.fromBytes(Buffer.from(proto.request.encode(request)), now);
  const fromJson = method.fromJson(request, now);

  assert.deepEqual(
    fromBytes.messages.map(({ messageId, routingKey }) => [messageId, routingKey]),
    fromJson.messages.map(({ messageId, routingKey }) => [messageId, routingKey]),
  );
  assert.deepEqual(bodies(fromBytes), bodies(fromJson));
  assert.deepEqual(
    bodies(fromJson).map(({ events: [event] }) => event),
    request.events,
  );
});

test('a time in the future becomes the current second, one of now or before stays', () => {
  const times = ['1772359200751', '99999999999999', '1772359200750', '5'];
  const request = { events: times.map((time, index) => launch(String(index), time)) };

  const [body] = bodies(method.fromJson(request, now));

  assert.deepEqual(
    body?.events.map(({ timestamp }) => timestamp),
    ['1772359200000', '1772359200000', '1772359200750', '5'],
  );
});

test('a repeat has the same message ids, and other events have others', () => {
  const ids = (...events: object[]): string[] => method.fromJson({ events }, now).messages.map(({ messageId }) => messageId);

  assert.deepEqual(ids(launch('a'), launch('b')), ids(launch('a', '99999999999999'), launch('b')));
  assert.equal(new Set([ids(launch('a')), ids(launch('b')), ids(launch('a'), launch('b')), ids(launch('b'), launch('a'))].flat()).size, 4);
  assert.notEqual(ids({ eventId: 'a', timestamp: '1', logoutEvent: {} })[0], ids(launch('a'))[0]);
  assert.match(ids(launch('a'))[0] ?? '', /^[0-9a-f]{32}$/);
});

test('what a request lacks is refused with its path', () => {
  const json = (value: unknown): string => refused(() => method.fromJson(value, now));

  assert.match(json({}), /^invalid events: At least one event/);
  assert.match(json({ events: [launch('a'), { timestamp: '1', launchEvent: {} }] }), /^invalid events\[1\]\.eventId: /);
  assert.match(json({ events: [{ eventId: 'a', timestamp: '1' }] }), /^invalid events\[0\]: .*no type/);
  assert.match(json({ events: [launch('a', 'soon')] }), /^invalid events\[0\]\.timestamp: /);
  assert.match(json({ events: [{ eventId: 'a', launchEvent: {} }] }), /^invalid events\[0\]\.timestamp: /);
  assert.match(json({ events: Array.from({ length: 101 }, (_, index) => launch(String(index))) }), /^too_large events: At most 100/);
  assert.match(
    refused(() => method.fromBytes(Buffer.from([0xff, 0xff, 0xff]), now)),
    /^invalid null: The request is no Events message/,
  );
});

test('JSON that the binary form could not hold is refused with its path', () => {
  const event = (more: object): string => refused(() => method.fromJson({ events: [{ eventId: 'a', timestamp: '1', ...more }] }, now));

  assert.match(event({ launchEvent: { nope: 1 } }), /^invalid events\[0\]\.launchEvent\.nope: LaunchEvent has no such field/);
  assert.match(event({ launchEvent: {}, logoutEvent: {} }), /^invalid events\[0\]\.logoutEvent: Only one of 'launchEvent'/);
  assert.match(event({ launchEvent: [] }), /^invalid events\[0\]\.launchEvent: Expected is an object/);
  assert.match(event({ launchEvent: { isFirstLaunch: 'yes' } }), /isFirstLaunch: Expected is true or false/);
  assert.match(event({ addToCartEvent: { price: 'much' } }), /price: Expected is a number/);
  assert.match(event({ addToCartEvent: { quantity: 2 ** 31 } }), /quantity: Expected is an integer from -2147483648/);
  assert.match(event({ addToCartEvent: { quantity: 1.5 } }), /quantity: Expected is an integer/);
  assert.match(
    refused(() => method.fromJson(JSON.parse('{"events":[{"eventId":"a","timestamp":"1","addToCartEvent":{"price":1e400}}]}'), now)),
    /price: Expected is a number/,
  );
  assert.match(event({ pageLoadedEvent: { loadTimeMs: 2 ** 60 } }), /loadTimeMs: Expected is an integer, as text/);
  assert.match(event({ profileEditedEvent: { changedFields: 'bio' } }), /changedFields: Expected is a list/);
  assert.match(event({ profileEditedEvent: { changedFields: ['bio', 3] } }), /changedFields\[1\]: Expected is a text/);
  assert.match(event({ event_id: 'b', launchEvent: {} }), /events\[0\]\.event_id: The field is there twice/);
  assert.equal(event({ launchEvent: { deep_link: 'x', launchSource: null } }), 'taken');
  assert.match(
    refused(() => method.fromJson([], now)),
    /^invalid null: Expected is an object/,
  );
});

test('an ingest that names what its .proto file lacks is INGEST_PROTO with the nearest name', async () => {
  const failure = (more: object) => openMethod(more).then(String, ({ code, message, hint }) => `${code} ${message} ${hint ?? ''}`);

  assert.match(
    await failure({ method: 'bulbulgrpc.EventService.dispach' }),
    /^INGEST_PROTO .*no method.*'bulbulgrpc.EventService.dispatch'/,
  );
  assert.match(await failure({ events: 'evens' }), /^INGEST_PROTO Events has no field 'evens'. Did you mean 'events'/);
  assert.match(await failure({ events: 'header' }), /^INGEST_PROTO 'header' of Events is no repeated message/);
  assert.match(await failure({ type_from: 'event_off' }), /^INGEST_PROTO Event has no oneof.*'eventOf'/);
  assert.match(await failure({ id: 'eventID' }), /^INGEST_PROTO Event has no field 'eventID'. Did you mean 'eventId'/);
  assert.match(await failure({ answer: { state: 'OK' } }), /^INGEST_PROTO The answer is no Response message: 'state'/);
  assert.match(await failure({ proto: 'proto/none.proto' }), /^INGEST_PROTO .*cannot be read.*ENOENT/);
});

test('a .proto file that names a type or a file that is not there is INGEST_PROTO', async () => {
  using project = projectDir({
    'type.proto': 'syntax = "proto3"; package p; service S { rpc take(Batch) returns (Batch); } message Batch { Strng id = 1; }',
    'import.proto': 'syntax = "proto3"; import "none.proto"; service S { rpc take(M) returns (M); } message M {}',
  });

  await assert.rejects(readProtoMethod(join(project.dir, 'type.proto'), 'p.S.take'), { code: 'INGEST_PROTO', message: /'Strng'/ });
  await assert.rejects(readProtoMethod(join(project.dir, 'import.proto'), 'S.take'), { code: 'INGEST_PROTO', message: /none\.proto/ });
});

test('any message type of any depth is read: enums, maps, bytes, messages in themselves, fields of 64 bits', async () => {
  using project = projectDir({
    'sources/deep.proto': `syntax = "proto3"; package p;
      message Batch { repeated Item items = 1; }
      message Item { string key = 1; int64 at = 2; oneof kind { Tree tree = 3; Leaf leaf = 4; string note = 5; } }
      message Tree { enum Colour { GREEN = 0; RED = 1; } Colour colour = 1; repeated Tree trees = 2; map<string, int64> counts = 3; bytes seal = 4; map<int32, bool> flags = 5; }
      message Leaf { double weight = 1; }
      message Done {}
      service Intake { rpc take(Batch) returns (Done); }`,
  });
  const settings = { proto: 'deep.proto', method: 'p.Intake.take', events: 'items', type_from: 'kind', id: 'key', timestamp: 'at' };
  const deep = await openEventMethod(grpcOf(settings), { projectDir: project.dir, at, maxEvents: 10 });
  const { request } = await readProtoMethod(join(project.dir, 'sources/deep.proto'), 'p.Intake.take');
  const tree = { colour: 'RED', trees: [{ counts: { a: '9007199254740993' } }], seal: 'eA==', flags: { '-3': true } };
  const value = {
    items: [
      { key: 'k', at: '5', tree },
      { key: 'l', at: '6', leaf: { weight: 'NaN' } },
    ],
  };

  const fromBytes = deep.fromBytes(request.encode(value), now);

  assert.deepEqual(
    fromBytes.messages.map(({ routingKey, body }) => [routingKey, JSON.parse(body.toString())]),
    [
      ['Tree', { items: [{ key: 'k', at: '5', tree }] }],
      ['Leaf', { items: [{ key: 'l', at: '6', leaf: { weight: 'NaN' } }] }],
    ],
  );
  assert.deepEqual(bodies(deep.fromJson({ items: [{ key: 'k', at: 5, tree: { ...tree, colour: 1 } }] }, now)), [
    { items: [{ key: 'k', at: '5', tree }] },
  ]);
  assert.match(
    refused(() => deep.fromJson({ items: [{ key: 'k', at: 5, tree: { colour: 'BLUE' } }] }, now)),
    /colour: Expected is one of GREEN, RED/,
  );
  assert.match(
    refused(() => deep.fromJson({ items: [{ key: 'k', at: 5, tree: { flags: { three: true } } }] }, now)),
    /flags\.three: Expected is an integer/,
  );
  assert.match(
    refused(() => deep.fromJson({ items: [{ key: 'k', at: 5, note: 'x' }] }, now)),
    /items\[0\]: .*no type/,
  );
});

test('a request of thousands of events is grouped without a cost per pair', () => {
  const layout = { events: 'events', id: 'id', timestamp: null, types: new Map([['a', 'A']]) };
  const request = { events: Array.from({ length: 100_000 }, (_, index) => ({ id: String(index), a: {} })) };

  const [group] = groupEvents(request, layout, 100_000, now);

  assert.equal(group?.events, 100_000);
});
