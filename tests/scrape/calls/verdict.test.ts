import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../../framework/scrape/calls/verdict.ts';

const now = new Date('2026-06-01T12:00:00Z');

function verdictOf(status: number, body: unknown = '', headers: Readonly<Record<string, string>> = {}, secrets: readonly string[] = []) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return judge({ status, headers, body: Buffer.from(text), url: new URL('http://x') }, secrets, now);
}

test('JSON of any kind is a success, an empty body too, and what is no JSON is a failure', () => {
  assert.deepEqual(verdictOf(200, { a: 1 }), { kind: 'success', body: { a: 1 } });
  assert.deepEqual(verdictOf(201, '\uFEFF[1]'), { kind: 'success', body: [1] });
  assert.deepEqual(verdictOf(204), { kind: 'success', body: null });
  assert.equal(verdictOf(200, '{"a":').kind, 'failed');
  assert.equal(verdictOf(200, '<html>').kind, 'failed');
});

const kinds: readonly (readonly [string, readonly number[]])[] = [
  ['limited', [429]],
  ['unauthorized', [401, 402, 403]],
  ['refused', [400, 404, 405, 406, 410, 411, 413, 414, 415, 422, 451]],
  ['failed', [304, 408, 409, 423, 425, 500, 501, 502, 503, 504, 520]],
];
for (const [kind, codes] of kinds) {
  test(`${codes.join(', ')} mean ${kind}`, () => {
    for (const code of codes) assert.equal(verdictOf(code).kind, kind, String(code));
  });
}

test("Facebook's numbers say what their status does not", () => {
  const graph = (code: number, status = 400) =>
    verdictOf(status, { error: { message: 'm', type: 'OAuthException', code, fbtrace_id: 'x' } }).kind;

  assert.deepEqual(
    [4, 17, 32, 613, 80002].map((code) => graph(code)),
    ['limited', 'limited', 'limited', 'limited', 'limited'],
  );
  assert.deepEqual([graph(4, 403), graph(190), graph(102, 500), graph(2, 500)], ['limited', 'unauthorized', 'unauthorized', 'failed']);
  assert.deepEqual([graph(100), graph(803, 404), graph(10, 403)], ['refused', 'refused', 'unauthorized']);
  assert.equal(verdictOf(400, { error: { code: 190 } }).kind, 'refused');
});

test("Google's 403 for a used up quota is a limit, another 403 is not", () => {
  const google = (reason: string) => verdictOf(403, { error: { code: 403, status: 'PERMISSION_DENIED', errors: [{ reason }] } }).kind;

  for (const reason of ['quotaExceeded', 'rateLimitExceeded', 'userRateLimitExceeded', 'dailyLimitExceeded'])
    assert.equal(google(reason), 'limited');
  assert.equal(google('forbidden'), 'unauthorized');
  assert.equal(verdictOf(403, '', { 'retry-after': '60' }).kind, 'limited');
});

test('a reason is the code and the message of the provider, short, in one line and without secrets', () => {
  const reasonOf = (body: unknown, secrets: readonly string[] = []): string => {
    const verdict = verdictOf(400, body, {}, secrets);
    return verdict.kind === 'refused' ? verdict.reason : '';
  };

  assert.equal(reasonOf({ error: { code: 100, message: 'Unknown\n\tfield' } }), 'HTTP 400: 100, Unknown field');
  assert.equal(reasonOf({ message: 'You are not subscribed.' }), 'HTTP 400: You are not subscribed.');
  assert.equal(reasonOf({ errors: [{ detail: 'bad' }] }), 'HTTP 400: bad');
  assert.equal(reasonOf({ data: { private: 'rows' } }), 'HTTP 400');
  assert.equal(reasonOf('plain text of a body'), 'HTTP 400');
  assert.equal(reasonOf({ message: 'Key S3CRET-key is bad' }, ['s3cret-KEY']), 'HTTP 400: Key *** is bad');
  assert.equal(reasonOf({ message: 'Key ab is bad' }, ['ab']), 'HTTP 400');
  assert.equal(reasonOf({ message: 'x'.repeat(1000) }).length, 'HTTP 400: '.length + 200);
});
