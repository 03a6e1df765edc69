import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowLabOptions, flowLab } from '../../support/flow-lab.ts';

const retrieve = { api: 'graphapi', path: '/x' };

/** What a flow makes of an answer: its records, or the error of its attempt. */
async function parse(context: Parameters<typeof flowLab>[0], body: unknown, flow: FlowLabOptions['flow'], files = {}) {
  await using lab = await flowLab(context, { flow: { retrieve, ...flow }, answer: () => body, files });
  const records: unknown[] = [];

  const outcome = await lab.run(await lab.lease(), undefined, { onRecords: (all) => records.push(...all) });

  return { records, outcome, error: outcome.kind === 'failed' ? outcome.error : null };
}

const mapping = {
  parse: { each: 'data.users', fields: { id: 'id', followers: 'stats.count', platform: '$api', tags: 'tags.name[]' } },
  output: { id: 'string', followers: 'integer', platform: 'string', tags: { type: 'list', default: [] }, bio: 'string?' },
};

test('a mapping makes records of each element, with the fields of output', async (context) => {
  const users = [
    { id: '1', stats: { count: 5 }, tags: [{ name: 'a' }, { name: 'b' }], bio: 'not asked for' },
    { id: '2', stats: { count: 0 } },
  ];

  const { records, outcome } = await parse(context, { data: { users } }, mapping);

  assert.deepEqual(JSON.parse(JSON.stringify(records)), [
    { id: '1', followers: 5, platform: 'graphapi', tags: ['a', 'b'] },
    { id: '2', followers: 0, platform: 'graphapi', tags: [] },
  ]);
  assert.deepEqual(outcome, { kind: 'complete' });
});

test('one element, an empty list and a list within lists are lists', async (context) => {
  const one = { each: 'edges.node', fields: { id: 'id' } };

  assert.deepEqual((await parse(context, { edges: [{ node: { id: 1 } }] }, { parse: one })).records, [{ id: 1 }]);
  assert.deepEqual((await parse(context, { edges: [] }, { parse: one })).records, []);
  assert.deepEqual((await parse(context, { edges: [{ node: { id: 1 } }, { node: { id: 2 } }] }, { parse: one })).records, [
    { id: 1 },
    { id: 2 },
  ]);
});

test('an answer of another shape fails the attempt, and the message names the path that is missing', async (context) => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ data: { users: [{ id: '1', stats: {} }] } }, 'records[0].followers: integer expected, but stats.count is missing.'],
    [{ data: { users: [{ id: '1', stats: null }] } }, 'records[0].followers: integer expected, but stats is null.'],
    [{ data: { users: [{ id: '1', stats: { count: '5' } }] } }, 'records[0].followers: integer expected, but it is string.'],
    [{ data: { profiles: [] } }, 'each: a list expected, but data.users is missing.'],
    [{ error: 'private' }, 'each: a list expected, but data is missing.'],
    [{ data: { users: null } }, 'each: a list expected, but data.users is null.'],
    ['<html>', 'each: a list expected, but data is missing.'],
    [
      { data: { users: [{}, {}] } },
      'records[0].id: string expected, but id is missing; records[0].followers: integer expected, but stats is missing; records[1].id: string expected, but id is missing, and 1 more.',
    ],
  ];
  for (const [body, message] of cases) {
    const { error } = await parse(context, body, mapping);

    assert.deepEqual(error, { code: 'PARSE_SHAPE', message, place: 'flows/refresh.yaml' });
  }
});

test('an expression that cannot be evaluated is told without the values it met', async (context) => {
  const { error } = await parse(context, { count: 'private text' }, { parse: { fields: { n: '$number(count)' } } });

  assert.equal(error?.message, 'records[0].n: $number(count) cannot be evaluated: Unable to cast value to a number (character 8).');
});

test('a body without parse is one record, or a list of them, cut to output', async (context) => {
  const output = { id: 'integer', at: 'timestamp?' };

  assert.deepEqual((await parse(context, { id: 1, at: 0, more: 2 }, { output })).records, [{ id: 1, at: '1970-01-01T00:00:00.000Z' }]);
  assert.deepEqual((await parse(context, [{ id: 1 }, { id: 2, at: null }], { output })).records, [{ id: 1 }, { id: 2 }]);
  assert.deepEqual((await parse(context, { id: 1, more: 2 }, {})).records, [{ id: 1, more: 2 }]);
  assert.equal((await parse(context, [{ id: 1 }, 'x'], { output })).error?.message, 'records[1]: object expected, but it is string.');
});

test('a parser in TypeScript gives one record, several, none, or records with a page', async (context) => {
  const files = {
    'flows/parsers/profile.ts': `
      interface Body { readonly kind: string; readonly ids: readonly number[] }
      export default (body: Body, { params, api }: { params: object; api: string }) => {
        const records = body.ids.map((id) => ({ id, api, keys: Object.keys(params).length }));
        switch (body.kind) {
          case 'one': return records[0];
          case 'none': return null;
          case 'page': return { records, page: { next: 'c2' } };
          case 'number': return 3;
          default: return Promise.resolve(records);
        }
      };`,
  };
  const flow = { parse: './parsers/profile.ts', output: { id: 'integer', api: 'string', keys: 'integer' } };
  const run = (kind: string) => parse(context, { kind, ids: [1, 2] }, flow, files);
  const [one, two] = [
    { id: 1, api: 'graphapi', keys: 0 },
    { id: 2, api: 'graphapi', keys: 0 },
  ];

  assert.deepEqual((await run('one')).records, [one]);
  assert.deepEqual((await run('none')).records, []);
  assert.deepEqual((await run('page')).records, [one, two]);
  assert.deepEqual((await run('several')).records, [one, two]);
  assert.deepEqual((await run('number')).error, {
    code: 'PARSE_SHAPE',
    message: 'the parser gave number where records are expected.',
    place: 'flows/parsers/profile.ts',
  });
});

test('what a parser throws is told with its class, its first line and its place, without secrets', async (context) => {
  const files = {
    'flows/parse.ts': `const deeper = (body: { user?: { name: string } }) => body.user!.name;
export default (body: { user?: { name: string } }) => {
  if (body.user === undefined) throw new RangeError('no user in s3cret\\nand more');
  return { name: deeper({}) };
};
`,
  };
  const flow = { parse: './parse.ts' };

  const ranged = await parse(context, {}, flow, files);
  const typed = await parse(context, { user: {} }, flow, files);

  assert.deepEqual(ranged.error, { code: 'HANDLER_THREW', message: 'RangeError: no user in ***', place: 'flows/parse.ts:3:38' });
  assert.equal(typed.error?.code, 'HANDLER_THREW');
  assert.match(typed.error?.message ?? '', /^TypeError: Cannot read properties of undefined/);
  assert.equal(typed.error?.place, 'flows/parse.ts:1:66');
});

test('a parser that does not load, or exports no function, is told when the flow is opened', async (context) => {
  const open = (text: string) => flowLab(context, { flow: { retrieve, parse: './p.ts' }, files: { 'flows/p.ts': text } });

  await assert.rejects(open('export const parse = 1;'), { code: 'FILE_UNREADABLE', message: /has no function as its default export/ });
  await assert.rejects(open('export default ('), { code: 'FILE_UNREADABLE', message: /cannot be loaded/ });
});

test('a flow without retrieve has its params as its record', async (context) => {
  await using lab = await flowLab(context, { flow: { params: { url: 'string', at: 'timestamp?' }, output: { url: 'string' } } });
  const records: unknown[] = [];

  const outcome = await lab.run(await lab.lease({ url: 'u', at: 0 }), undefined, { onRecords: (all) => records.push(...all) });

  assert.deepEqual(records, [{ url: 'u' }]);
  assert.deepEqual(outcome, { kind: 'complete' });
  assert.deepEqual(lab.calls, []);
});
