import { createHmac, timingSafeEqual } from 'node:crypto';
import { bearerMatch } from '../foundation/bearer-tokens.ts';
import type { Signature } from '../project/ingest-file.ts';
import { Refusal } from './refusal.ts';

/** Checks that a request carries one of the tokens, from the value of its `authorization`. Throws Refusal. */
export type CheckToken = (authorization: string | undefined) => void;

/** Lets everybody in where there are no tokens. */
export function tokenCheck(tokens: readonly string[]): CheckToken {
  const match = bearerMatch(tokens);
  return (authorization) => {
    const shown = match(authorization);
    if (shown === 'missing') throw new Refusal('unauthenticated', 'A bearer token is expected.');
    if (shown === 'unknown') throw new Refusal('unauthenticated', 'The token is not known here.');
  };
}

/** Checks the signature of a raw body. Throws Refusal. */
export function checkSignature({ header, secret, algorithm, encoding, prefix }: Signature, given: string | undefined, body: Buffer): void {
  if (given === undefined) throw new Refusal('unauthenticated', 'A signature is expected.', `header:${header}`);
  const expected = Buffer.from(prefix + createHmac(algorithm, secret).update(body).digest(encoding));
  const actual = Buffer.from(encoding === 'hex' ? given.toLowerCase() : given);
  if (actual.length === expected.length && timingSafeEqual(actual, expected)) return;
  throw new Refusal('unauthenticated', 'The signature does not fit the body.', `header:${header}`);
}
