import type { Manifest } from '../manifest/manifest.ts';
import type { TargetConfig } from '../project/target-config.ts';
import { namedSecrets } from '../run/mask-secrets.ts';

const mask = '***';
/** A shorter secret is only masked where it stands alone: masking each `a` of a text would hide the text and tell the secret. */
const minLengthAnywhere = 6;

/** Keeps the secrets of a target, and those that templates put into SQL, out of everything that is printed. */
export class Secrets {
  readonly #patterns: RegExp[] = [];

  /** From here on masks the passwords and keys of a target. */
  addTarget(target: TargetConfig): void {
    const parts: readonly object[] = [target.warehouse, target.postgres, target.objects, target.broker, target.limiter];
    for (const part of parts) {
      for (const [key, value] of Object.entries(part)) {
        if (typeof value !== 'string') continue;
        if (key === 'url' || key === 'endpoint') this.#addUrl(value);
        if (key === 'secret_access_key' || key === 'access_key_id') this.#add(value);
      }
    }
  }

  /** From here on masks what vars and variables of the environment hold whose names sound like secrets. */
  addNamed(manifest: Pick<Manifest, 'env' | 'vars'>): void {
    for (const secret of namedSecrets(manifest)) this.#add(secret);
  }

  /** `text` with every secret masked, also inside JSON and URLs. */
  redact(text: string): string {
    const withoutUserInfo = text.replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@'"]*:)[^\s/@'"]+@/gi, `$1${mask}@`);
    return this.#patterns.reduce((masked, pattern) => masked.replaceAll(pattern, mask), withoutUserInfo);
  }

  #addUrl(url: string): void {
    if (!URL.canParse(url)) {
      this.#add(url);
      return;
    }
    const { password, searchParams } = new URL(url);
    this.#add(password);
    this.#add(decoded(password));
    this.#add(searchParams.get('password') ?? '');
  }

  #add(secret: string): void {
    if (secret === '') return;
    for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])) {
      const literal = RegExp.escape(form);
      this.#patterns.push(
        new RegExp(secret.length >= minLengthAnywhere ? literal : `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'gu'),
      );
    }
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
