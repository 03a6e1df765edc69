import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fillPath } from '../../../framework/scrape/flow/fill-path.ts';
import { TaskFault } from '../../../framework/scrape/task-fault.ts';
import { flowLab } from '../../support/flow-lab.ts';

test('a call has the params of its task in its path, query, headers, body and limits', async (context) => {
  await using lab = await flowLab(context, {
    flow: {
      params: { handle: 'string', ids: 'list', size: 'integer', cursor: 'string?' },
      limits: [
        { key: 'beat_daily', requests: 20_000, per: '1d' },
        { key: 'beat_handle_{handle}', requests: 1, per: '1s', window: 'fixed' },
      ],
      max_wait: '3s',
      retrieve: {
        api: ['graphapi', 'rapidapi'],
        method: 'POST',
        path: '/v18.0/{handle}',
        paths: { rapidapi: '/user/{handle}/info' },
        query: { id: '{ids}', limit: 50, full: true, after: '{cursor}' },
        headers: { 'x-user': '{handle}', 'x-page': '{cursor}' },
        body: { size: '{size}', text: 'of {handle}', after: '{cursor}', list: ['{cursor}', '{ids}'], variables: '{"a":1}' },
      },
    },
    answer: () => ({}),
  });

  await lab.runOnce({ handle: 'na sa/ü?', ids: ['a', 7], size: 3 });

  const [call] = lab.calls;
  assert.deepEqual(
    call?.choices.map(({ api, path }) => [api.name, path]),
    [
      ['graphapi', '/v18.0/na%20sa%2F%C3%BC%3F'],
      ['rapidapi', '/user/na%20sa%2F%C3%BC%3F/info'],
    ],
  );
  assert.deepEqual(call?.query, { id: 'a,7', limit: '50', full: 'true' });
  assert.deepEqual(call?.headers, { 'x-user': 'na sa/ü?' });
  assert.deepEqual(call?.body, { size: 3, text: 'of na sa/ü?', list: [['a', 7]], variables: '{"a":1}' });
  assert.deepEqual(call?.levels, [
    { key: 'beat_daily', requests: 20_000, perMs: 86_400_000, window: 'sliding' },
    { key: 'beat_handle_na sa/ü?', requests: 1, perMs: 1000, window: 'fixed' },
  ]);
  assert.equal(call?.maxWaitMs, 3000);
  assert.equal(call?.method, 'POST');
  assert.equal(call?.stickyTo, null);
});

test('a value that no encoding keeps within its segment is refused', async (context) => {
  await using lab = await flowLab(context, {
    flow: { params: { handle: 'string' }, retrieve: { api: 'graphapi', path: '/v1/{handle}/x' } },
  });

  for (const handle of ['..', '.', '']) {
    const outcome = await lab.runOnce({ handle });

    assert.equal(outcome.kind, 'refused');
    assert.equal(outcome.kind === 'refused' && outcome.error.code, 'PATH_UNFIT');
  }
  assert.deepEqual(lab.calls, []);
});

test('whatever a value holds, it stays within its segment of the path', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('/a/{x}/b', '/a/u-{x}/b', '/a/{x}{x}/b'), (value, template) => {
      let path: string;
      try {
        path = fillPath(template, () => value);
      } catch (thrown) {
        assert.ok(thrown instanceof TaskFault);
        return;
      }
      const { pathname, search, hash } = new URL(`http://host.example.com${path}`);
      const segments = pathname.split('/');

      assert.deepEqual([search, hash, segments.length, segments[1], segments[3]], ['', '', 4, 'a', 'b']);
      assert.equal(
        decodeURIComponent(segments[2] ?? ''),
        template.split('/')[2]?.replaceAll('{x}', () => value),
      );
    }),
  );
});

test('the calls of one task use one credential', async (context) => {
  await using lab = await flowLab(context, {
    flow: {
      retrieve: { api: 'graphapi', path: '/me' },
      process: [{ http: { api: 'rapidapi', path: '/next', as: 'more' } }],
    },
    answer: () => ({ id: 1 }),
  });

  await lab.runOnce();

  assert.deepEqual(
    lab.calls.map(({ stickyTo }) => stickyTo),
    [null, 'c1'],
  );
});

test('who waits for the answer says how long limits may take', async (context) => {
  await using lab = await flowLab(context, { flow: { retrieve: { api: 'graphapi', path: '/me' } }, answer: () => ({}) });

  await lab.run(await lab.lease(), undefined, { maxWaitMs: 10_000 });

  assert.equal(lab.calls[0]?.maxWaitMs, 10_000);
});

test('a task whose params no longer fit its flow is refused', async (context) => {
  await using lab = await flowLab(context, { flow: { params: { handle: 'string' } } });

  assert.deepEqual(await lab.runOnce({ name: 'nasa' }), {
    kind: 'refused',
    error: {
      code: 'PARAMS_INVALID',
      message: "The flow has no param 'name'. Its params: handle. The param 'handle' is missing.",
      place: 'flows/refresh.yaml',
    },
  });
});
