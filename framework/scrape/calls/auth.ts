import type { ApiFile } from '../../project/api-file.ts';
import type { Secrets } from '../credentials/sealed-secrets.ts';

/** What shows a provider who asks. */
export interface FilledAuth {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** All values in it that are nobody's business. */
  readonly secrets: readonly string[];
}

const placeholder = /\{([A-Za-z_]\w*)\}/g;

/** Names of the secrets that an API's auth needs of a credential. */
export function secretNames(auth: ApiFile['auth']): readonly string[] {
  return auth === null ? [] : templatesOf(auth).flatMap(namesIn);
}

/** Fills the secrets of a credential into the templates; the caller has seen to it that none is missing. */
export function fillAuth(auth: ApiFile['auth'], secrets: Secrets): FilledAuth {
  if (auth === null) return { headers: {}, query: {}, secrets: [] };
  const fill = (text: string): string => text.replaceAll(placeholder, (_whole, name: string) => secrets[name] ?? '');
  const used = secretNames(auth).map((name) => secrets[name] ?? '');
  if ('bearer' in auth)
    return { headers: { authorization: `Bearer ${fill(auth.bearer)}` }, query: {}, secrets: [...used, fill(auth.bearer)] };
  if ('header' in auth) return { headers: { [auth.header]: fill(auth.value) }, query: {}, secrets: [...used, fill(auth.value)] };
  if ('query' in auth) return { headers: {}, query: { [auth.query]: fill(auth.value) }, secrets: [...used, fill(auth.value)] };
  const basic = Buffer.from(`${fill(auth.username)}:${fill(auth.password)}`).toString('base64');
  return { headers: { authorization: `Basic ${basic}` }, query: {}, secrets: [...used, fill(auth.password), basic] };
}

function templatesOf(auth: NonNullable<ApiFile['auth']>): readonly string[] {
  if ('bearer' in auth) return [auth.bearer];
  return 'password' in auth ? [auth.username, auth.password] : [auth.value];
}

function namesIn(template: string): readonly string[] {
  return [...template.matchAll(placeholder)].map(([, name = '']) => name);
}
