import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Asset } from '../../../framework/scrape/assets/asset-uploads.ts';
import { TaskFault } from '../../../framework/scrape/task-fault.ts';
import { flowLab } from '../../support/flow-lab.ts';

const retrieve = { api: 'graphapi', path: '/x' };

test('uploads and calls come before everything that is written, whatever stands first', async (context) => {
  const uploaded: Asset[] = [];
  await using lab = await flowLab(context, {
    flow: {
      params: { platform: 'string' },
      retrieve,
      output: { id: 'integer', picture: 'string?' },
      limits: [{ key: 'all', requests: 5, per: '1s' }],
      process: [
        { upsert: { table: 'SCHEMA.account', key: 'id', create: true } },
        {
          upload: {
            url: 'record.picture',
            entity_type: '{params.platform}_profile',
            entity_id: 'record.id',
            as: 'picture_url',
            hosts: 'cdn.example.com',
            max_size: '1MB',
          },
        },
        { http: { api: 'rapidapi', path: '/score/{record.id}', body: { url: 'record.picture_url' }, as: 'score' }, when: 'record.picture' },
      ],
    },
    answer: ({ choices }) =>
      choices[0]?.path === '/x' ? [{ id: 1, picture: 'http://p/1' }, { id: 2 }, { id: 3, picture: '' }] : { points: 9 },
    upload: (asset) => {
      uploaded.push(asset);
      return { key: 'k', url: `https://cdn/${asset.entityId}`, outcome: 'written', bytes: 1 };
    },
  });

  assert.deepEqual(await lab.runOnce({ platform: 'instagram' }), { kind: 'settled' });

  assert.deepEqual(uploaded, [
    {
      url: 'http://p/1',
      entityType: 'instagram_profile',
      entityId: '1',
      platform: 'instagram',
      maxBytes: 1_000_000,
      hosts: ['cdn.example.com'],
    },
  ]);
  const [, scored] = lab.calls;
  assert.deepEqual(
    [lab.calls.length, scored?.method, scored?.choices[0]?.path, scored?.body],
    [2, 'POST', '/score/1', { url: 'https://cdn/1' }],
  );
  assert.deepEqual(
    scored?.levels.map(({ key }) => key),
    ['all'],
  );
  assert.deepEqual(await lab.rows('account'), [
    { id: '1', picture: 'http://p/1', picture_url: 'https://cdn/1', score: { points: 9 } },
    { id: '2', picture: null, picture_url: null, score: null },
    { id: '3', picture: '', picture_url: null, score: null },
  ]);
});

test('the body of a call is the record where none is declared, and a GET has none', async (context) => {
  await using lab = await flowLab(context, {
    flow: {
      params: { id: 'string' },
      process: [{ http: { api: 'graphapi', path: '/a' } }, { http: { api: 'graphapi', method: 'GET', path: '/b' } }],
    },
  });

  assert.deepEqual(await lab.runOnce({ id: 'a/b' }), { kind: 'complete' });

  assert.deepEqual(
    lab.calls.map(({ method, body }) => [method, body]),
    [
      ['POST', { id: 'a/b' }],
      ['GET', undefined],
    ],
  );
});

test('a fault of a call or an upload decides what becomes of the task', async (context) => {
  const faults = [
    new TaskFault('returned', 'LIMIT', 'the limit is used up', { waitMs: 4000 }),
    new TaskFault('refused', 'HTTP_STATUS', 'the API answered 404 for s3cret'),
    new TaskFault('failed', 'HTTP_STATUS', 'the API answered 500', { waitMs: 7_200_000, place: 'sources/graphapi.yaml' }),
  ];
  await using lab = await flowLab(context, {
    flow: { params: { url: 'string' }, process: [{ upload: { url: 'params.url', entity_type: 'post', entity_id: '1', platform: '"x"' } }] },
    upload: () => {
      throw faults.shift();
    },
  });
  const run = () => lab.runOnce({ url: 'http://p' });

  assert.deepEqual(await run(), { kind: 'returned', reason: 'the limit is used up', waitMs: 4000, code: 'LIMIT' });
  assert.deepEqual(await run(), { kind: 'refused', error: { code: 'HTTP_STATUS', message: 'the API answered 404 for ***', place: null } });
  assert.deepEqual(await run(), {
    kind: 'failed',
    error: { code: 'HTTP_STATUS', message: 'the API answered 500', place: 'sources/graphapi.yaml' },
    retryInMs: 7_200_000,
  });
});

test('an upload without an id fails the attempt', async (context) => {
  await using lab = await flowLab(context, {
    flow: {
      params: { url: 'string' },
      process: [{ upload: { url: 'params.url', entity_type: 'post', entity_id: 'record.id', platform: '"x"' } }],
    },
  });

  const outcome = await lab.runOnce({ url: 'http://p' });

  assert.deepEqual(outcome.kind === 'failed' && outcome.error, {
    code: 'UPLOAD_INCOMPLETE',
    message: 'An upload has no entity_id.',
    place: 'flows/refresh.yaml',
  });
});
