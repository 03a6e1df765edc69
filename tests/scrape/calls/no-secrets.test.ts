import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { TaskFault } from '../../../framework/scrape/task-fault.ts';
import { type Answer, breakOff, json, redirect, reset, status, tooMany } from '../../support/upstream.ts';
import { newSource } from '../credentials/store.ts';
import { apiNode, callLab } from './lab.ts';

const auths = {
  bearer: { bearer: '{token}' },
  header: { header: 'x-api-key', value: 'key {token}' },
  query: { query: 'access_token', value: '{token}' },
  basic: { username: 'somebody', password: '{token}' },
} as const;

/** Answers that repeat what they were sent, in every way in which providers do. */
const echoes: readonly ((code: number) => Answer)[] = [
  (code) =>
    json(
      ({ headers, url }: { headers: object; url: string }) => ({ error: { message: `bad: ${JSON.stringify(headers)} ${url}`, code: url } }),
      code,
    ),
  (code) => json(({ headers }: { headers: object }) => ({ message: Object.values(headers).join(' ') }), code),
  (code) => json(({ url }: { url: string }) => ({ errors: [{ detail: decodeURIComponent(url.replaceAll('+', ' ')), reason: url }] }), code),
  (code) =>
    (response, { url, headers }) =>
      status(code, {}, `${url} ${JSON.stringify(headers)}`)(response, {} as never),
  (code) =>
    (response, { headers, credential }) =>
      status(code, { 'x-echo': encodeURIComponent(JSON.stringify(headers)) }, JSON.stringify({ error: credential }))(response, {} as never),
  () =>
    (response, { url }) =>
      redirect(`gopher://x/${url}`)(response, {} as never),
  () =>
    (response, { url }) =>
      redirect(`/again?${url.split('?')[1] ?? ''}`)(response, {} as never),
  () => tooMany('tomorrow' as never),
  () => breakOff,
  () => reset,
];

test('no secret is in any error, log or stored reason, whatever a provider repeats', async () => {
  await using lab = await callLab();
  const token = fc
    .stringMatching(/^[\x21-\x7e]([\x20-\x7e]{4,40})[\x21-\x7e]$/)
    .filter((text) => text.trim().length >= 8 && !/^(.)\1+$/.test(text) && !/^[{}"',:/. a-z-]+$/.test(text));
  const situation = fc.record({
    token,
    auth: fc.constantFrom(...(Object.keys(auths) as (keyof typeof auths)[])),
    echo: fc.nat(echoes.length - 1),
    code: fc.constantFrom(200, 400, 401, 403, 404, 408, 429, 500, 503),
  });

  await fc.assert(
    fc.asyncProperty(situation, async ({ token: secret, auth, echo, code }) => {
      const source = newSource();
      const id = await lab.credentials.add(source, { token: secret });
      const api = apiNode(source, lab.upstream.url, { auth: auths[auth], credentials: { source } });
      lab.upstream.on('/{any}', echoes[echo]?.(code) ?? reset);

      const thrown = await lab.call([api]).then(
        () => null,
        (fault: unknown) => fault,
      );

      assert.ok(thrown === null || thrown instanceof TaskFault, inspect(thrown));
      const rows = await lab.credentials.postgres.query('select reason, credentials from gccflow.credential where id = $1', [id]);
      const shown = inspect([thrown, lab.log.lines, rows], { depth: 10, maxStringLength: null });
      for (const form of [
        secret,
        encodeURIComponent(secret),
        JSON.stringify(secret).slice(1, -1),
        Buffer.from(`somebody:${secret}`).toString('base64'),
      ]) {
        assert.ok(!shown.includes(form), `${form} in ${shown}`);
      }
    }),
    { numRuns: 200 },
  );
});
