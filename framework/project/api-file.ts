import { z } from 'zod';
import { Texts } from './broker-names.ts';
import { DurationValue } from './duration-value.ts';
import { LimitEntry } from './limit-entry.ts';
import { SizeValue } from './size-value.ts';

/** A limit of an API or of each of its credentials; the key follows from the name. */
const OwnLimit = LimitEntry.omit({ key: true });

const Auth = z.union([
  z.strictObject({ bearer: z.string().describe('e.g. `{token}`, a secret of the credential.') }),
  z.strictObject({ header: z.string().min(1), value: z.string().describe('e.g. `{token}`.') }),
  z.strictObject({ query: z.string().min(1).describe('Name of the parameter.'), value: z.string().describe('e.g. `{token}`.') }),
  z.strictObject({ username: z.string(), password: z.string() }),
]);

/** An upstream HTTP API that flows call. */
export const ApiFile = z.strictObject({
  kind: z.literal('api'),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, 'a name like rapidapi_ig_1 is expected')
    .describe('What flows call it by, unique in the project.'),
  description: z.string().default(''),
  enabled: z.boolean().default(true),
  tags: Texts.default([]),
  meta: z.record(z.string(), z.unknown()).default({}),
  base_url: z
    .string()
    .regex(/^https?:\/\/[^/?#@]+(\/[^?#]*)?$/, 'an address like https://graph.facebook.com is expected, without login, query and fragment')
    .describe('What the paths of calls are joined to.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with every request.'),
  auth: Auth.nullable().default(null).describe('How a request shows its credential; `{name}` stands for a secret of it. None where null.'),
  credentials: z
    .strictObject({
      source: z.string().min(1).describe('The credentials whose source is this name may be used.'),
      limits: z.array(OwnLimit).default([]).describe('Of each credential, e.g. 200 requests per 1h.'),
      sticky: z.boolean().default(false).describe('All calls of one task use the same credential.'),
    })
    .nullable()
    .default(null)
    .describe('Keys of the provider, in the table gccflow.credential; none are needed where null.'),
  limits: z.array(OwnLimit).default([]).describe('Of the API as a whole, whatever flow and credential.'),
  concurrency: z.int().positive().default(50).describe('Requests of one process to it at once.'),
  timeouts: z
    .strictObject({
      connect: DurationValue.prefault('5s'),
      headers: DurationValue.prefault('20s').describe('Until the answer begins.'),
      body: DurationValue.prefault('20s').describe('Between two pieces of the body.'),
      total: DurationValue.prefault('45s').describe('The whole request.'),
    })
    .prefault({}),
  max_body: SizeValue.prefault('10MB').describe('A longer answer fails the attempt.'),
  proxy: z.string().nullable().default(null).describe('URL of a proxy for its requests, from the environment where it holds a password.'),
  disable_for: DurationValue.prefault('1h').describe('How long a credential rests after 429 where the provider does not say.'),
  breaker: z
    .strictObject({
      failures: z.int().positive().default(5).describe('Failures one after another that open it,'),
      open_for: DurationValue.prefault('30s').describe('and for how long nothing is sent then.'),
    })
    .prefault({}),
});
export type ApiFile = z.infer<typeof ApiFile>;
