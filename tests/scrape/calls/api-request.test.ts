import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRequest } from '../../../framework/scrape/calls/api-request.ts';
import { apiNode } from './lab.ts';

const question = { method: 'GET', path: '/v1/me', query: {}, headers: {} } as const;
const refused = { name: 'TaskFault', kind: 'refused', code: 'REQUEST_INVALID' };

test('each form of auth shows the secrets of the credential where it should', () => {
  const secrets = { token: 'to ken', user: 'u', password: 'pa:ss' };
  const made = (auth: unknown) => buildRequest(apiNode('x', 'https://api.example', { auth }), question, secrets);

  assert.equal(made({ bearer: '{token}' }).headers.authorization, 'Bearer to ken');
  assert.equal(made({ header: 'X-RapidAPI-Key', value: 'key={token}' }).headers['x-rapidapi-key'], 'key=to ken');
  assert.equal(made({ query: 'access_token', value: '{token}' }).url.href, 'https://api.example/v1/me?access_token=to+ken');
  const basic = made({ username: '{user}', password: '{password}' });
  assert.equal(basic.headers.authorization, `Basic ${Buffer.from('u:pa:ss').toString('base64')}`);
  assert.ok(basic.secrets.includes('pa:ss') && basic.secrets.includes(Buffer.from('u:pa:ss').toString('base64')));
});

test('auth is the last word over headers and parameters of the same name', () => {
  const api = apiNode('x', 'https://api.example', {
    auth: { header: 'x-key', value: '{token}' },
    headers: { 'X-Key': 'file', Accept: 'text/csv' },
  });

  const { headers } = buildRequest(api, { ...question, headers: { 'X-KEY': 'flow' } }, { token: 'secret' });

  assert.deepEqual(headers, { accept: 'text/csv', 'user-agent': 'gccflow', 'x-key': 'secret' });
});

test('a path is joined to the base, and keeps its own parameters', () => {
  const url = (base: string, path: string): string =>
    buildRequest(apiNode('x', base), { ...question, path, query: { b: '2' } }, {}).url.href;

  assert.equal(url('https://api.example', '/v1/me'), 'https://api.example/v1/me?b=2');
  assert.equal(url('https://api.example/base/', '/v1?a=1'), 'https://api.example/base/v1?a=1&b=2');
  assert.equal(url('https://api.example', '//evil.example/x'), 'https://api.example//evil.example/x?b=2');
  assert.equal(url('https://api.example', '/%2e%2ecafe/%C3%A9'), 'https://api.example/%2e%2ecafe/%C3%A9?b=2');
});

test('a value that would lead a path elsewhere refuses the task', () => {
  for (const path of ['/v1/../admin', '/v1/%2e%2e/admin', '/v1/./me', '/v1/%2E', '/..']) {
    assert.throws(() => buildRequest(apiNode('x', 'https://api.example/base'), { ...question, path }, {}), refused, path);
  }
});

test('a path that would make another host of the base refuses the task', () => {
  for (const path of ['.evil.example/', '@evil.example/', ':8443/', 'https://evil.example/', 'v1/me', '']) {
    assert.throws(() => buildRequest(apiNode('x', 'https://api.example'), { ...question, path }, { token: 'secret' }), refused, path);
  }
});

test('a value that no header can carry refuses the task, and is not shown', () => {
  const headers = { 'x-handle': 'a\r\nauthorization: secret' };

  assert.throws(() => buildRequest(apiNode('x', 'https://api.example'), { ...question, headers }, {}), {
    ...refused,
    message: "the header 'x-handle' for 'x' cannot be sent with the values of this task",
  });
});
