import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRateHeaders, restAfter } from '../../../framework/scrape/calls/rate-headers.ts';

const now = new Date('2026-06-01T12:00:00Z');
const seconds = now.getTime() / 1000;

const retries: readonly (readonly [string, number | null])[] = [
  ['120', 120_000],
  ['1.5', 1500],
  ['0', 1000],
  ['-5', 1000],
  ['Mon, 01 Jun 2026 12:02:00 GMT', 120_000],
  ['Mon, 01 Jun 2026 11:00:00 GMT', 1000],
  ['99999999999', 31 * 86_400_000],
  ['soon', null],
  ['', null],
];
for (const [text, ms] of retries) {
  test(`Retry-After '${text}' means ${ms === null ? 'nothing' : `${ms} ms`}`, () => {
    assert.equal(readRateHeaders({ 'retry-after': text }, now).retryAfterMs, ms);
  });
}

test('a date is understood by the clock of who sent it', () => {
  const headers = { 'retry-after': 'Mon, 01 Jun 2026 14:00:30 GMT', date: 'Mon, 01 Jun 2026 14:00:00 GMT' };

  assert.equal(readRateHeaders(headers, now).retryAfterMs, 30_000);
});

const quotas: readonly (readonly [string, Readonly<Record<string, string>>, object])[] = [
  [
    'seconds from now',
    { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '5', 'x-ratelimit-reset': '30' },
    { limit: 60, remaining: 5, resetMs: 30_000 },
  ],
  [
    'a time in seconds',
    { 'x-rate-limit-limit': '60', 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': String(seconds + 90) },
    { limit: 60, remaining: 0, resetMs: 90_000 },
  ],
  ['a time in milliseconds', { 'x-ratelimit-reset': String(now.getTime() + 5000) }, { limit: null, remaining: null, resetMs: 5000 }],
  [
    'RapidAPI',
    { 'x-ratelimit-requests-remaining': '9', 'x-ratelimit-requests-reset': '7200' },
    { limit: null, remaining: 9, resetMs: 7_200_000 },
  ],
  [
    'the first drafts of the IETF',
    { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '50', 'ratelimit-reset': '20' },
    { limit: 100, remaining: 50, resetMs: 20_000 },
  ],
  ['the seventh draft', { ratelimit: 'limit=100, remaining=50, reset=20' }, { limit: 100, remaining: 50, resetMs: 20_000 }],
  [
    'the later drafts',
    { ratelimit: '"day";r=50;t=20', 'ratelimit-policy': '"minute";q=10;w=60, "day";q=100;w=86400' },
    { limit: 100, remaining: 50, resetMs: 20_000 },
  ],
];
for (const [form, headers, quota] of quotas) {
  test(`a quota in the form of ${form} is read`, () => {
    assert.deepEqual(readRateHeaders(headers, now).quotas, [quota]);
  });
}

test('after 429 the longest of the quotas that are used up holds, unless Retry-After says otherwise', () => {
  const headers = { ratelimit: '"a";r=0;t=20, "b";r=0;t=50, "c";r=3;t=900' };

  assert.equal(restAfter(readRateHeaders(headers, now)), 50_000);
  assert.equal(restAfter(readRateHeaders({ ...headers, 'retry-after': '5' }, now)), 5000);
  assert.equal(restAfter(readRateHeaders({ ratelimit: '"c";r=3;t=900' }, now)), 900_000);
  assert.equal(restAfter(readRateHeaders({}, now)), null);
});

test('whatever a provider sends, a rest is between a second and a month', () => {
  const names = ['retry-after', 'date', 'ratelimit', 'ratelimit-policy', 'x-ratelimit-reset', 'x-ratelimit-remaining', 'x-ratelimit-limit'];
  const value = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.double().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  );

  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), value), (headers) => {
      const { retryAfterMs, quotas: read } = readRateHeaders(headers, now);
      for (const ms of [retryAfterMs, ...read.map(({ resetMs }) => resetMs)]) {
        assert.ok(ms === null || (ms >= 1000 && ms <= 31 * 86_400_000), `${ms}`);
      }
    }),
  );
});
