const mask = '***';
/** Taking each of a shorter secret out of a text would spoil the text and tell the secret. */
const minLength = 6;

/** `text` without the secrets, also as they stand in URLs and JSON; null where one is too short to be taken out. */
export function maskSecrets(text: string, secrets: readonly string[]): string | null {
  if (secrets.some((secret) => secret !== '' && secret.length < minLength)) return null;
  const forms = secrets.flatMap((secret) => [secret, encodeURIComponent(secret.toWellFormed()), JSON.stringify(secret).slice(1, -1)]);
  // The longest first: what is part of another must not leave its rest.
  return [...new Set(forms)]
    .filter((form) => form !== '')
    .toSorted((one, other) => other.length - one.length)
    .reduce((masked, form) => masked.replaceAll(new RegExp(RegExp.escape(form), 'giu'), mask), text);
}
