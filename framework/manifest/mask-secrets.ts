import type { Manifest } from './manifest.ts';

const mask = '***';
const secretName = /secret|token|passw|credential|private|api_?key|access_?key/i;
/** `name: value` in a text such as that of `--vars`, JSON or YAML, where the name sounds like a secret. */
const secretPair = new RegExp(`(["']?[\\w.-]*(?:${secretName.source})[\\w.-]*["']?\\s*[:=]\\s*)("[^"]*"|'[^']*'|[^\\s,}]+)`, 'gi');
/** A shorter value is masked by its name alone: taking each `a` out of a text would spoil it and tell the secret. */
const minLength = 6;

/** `value` with everything masked that is kept under a name that sounds like a secret, also within texts. */
export function maskNamedSecrets(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(secretPair, `$1"${mask}"`);
  if (Array.isArray(value)) return value.map(maskNamedSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, secretName.test(key) ? mask : maskNamedSecrets(item)]));
}

/** What templates may have put into SQL: values of the environment and of vars, within lists and maps too, whose names sound like secrets. */
export function namedSecrets({ env, vars }: Pick<Manifest, 'env' | 'vars'>): string[] {
  return [...Object.entries(env), ...Object.entries(vars)].flatMap(([name, value]) => secretsIn(value, secretName.test(name)));
}

function secretsIn(value: unknown, isSecret: boolean): string[] {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, item]) => secretsIn(item, isSecret || secretName.test(name)));
  }
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return isSecret && text.length >= minLength ? [text] : [];
}

/** Masks the named secrets in a text, also inside JSON. */
export function maskerOf(manifest: Pick<Manifest, 'env' | 'vars'>): (text: string) => string {
  const secrets = namedSecrets(manifest).flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]);
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, mask), text);
}
