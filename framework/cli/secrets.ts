import type { Manifest, Node } from '../manifest/manifest.ts';
import { namedSecrets } from '../manifest/mask-secrets.ts';
import type { ApiFile } from '../project/api-file.ts';
import type { TargetConfig } from '../project/target-config.ts';

const mask = '***';
/** A shorter secret is only masked where it stands alone: masking each `a` of a text would hide the text and tell the secret. */
const minLengthAnywhere = 6;

/** Keeps the secrets of a target, of the APIs that streams and flows know, and those that templates put into SQL out of everything that is printed. */
export class Secrets {
  readonly #patterns: RegExp[] = [];

  /** From here on masks the passwords and keys of a target. */
  addTarget(target: TargetConfig): void {
    const parts: readonly object[] = [
      target.warehouse,
      target.postgres,
      target.objects,
      target.broker,
      target.limiter,
      target.assets.store,
    ];
    for (const part of parts) {
      for (const [key, value] of Object.entries(part)) {
        if (typeof value !== 'string') continue;
        if (key === 'url' || key === 'endpoint') this.#addUrl(value);
        if (key === 'secret_access_key' || key === 'access_key_id') this.#add(value);
      }
    }
    for (const secret of [...target.serve.tokens, ...target.credential_keys]) this.#add(secret);
  }

  /** From here on masks what vars and variables of the environment hold whose names sound like secrets. */
  addNamed(manifest: Pick<Manifest, 'env' | 'vars'>): void {
    for (const secret of namedSecrets(manifest)) this.#add(secret);
  }

  /** From here on masks these texts. */
  addTexts(texts: Iterable<string>): void {
    for (const text of texts) this.#add(text);
  }

  /** From here on masks the credentials and tokens of sinks, ingests and APIs. */
  addStreams(nodes: Iterable<Node>): void {
    for (const node of nodes) {
      for (const secret of streamSecrets(node)) this.#add(secret);
      if (node.kind === 'api' && node.api.proxy !== null) this.#addUrl(node.api.proxy);
    }
  }

  /** From here on masks what a credential holds. */
  addCredential(secrets: Readonly<Record<string, string>>): void {
    for (const secret of Object.values(secrets)) this.#add(secret);
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
    this.#addText(secret);
    // A key of several lines is met line by line where only the first line of a message is told.
    if (secret.includes('\n')) for (const line of secret.split(/\r?\n/)) if (line.length >= minLengthAnywhere) this.#addText(line);
  }

  #addText(secret: string): void {
    for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])) {
      const literal = RegExp.escape(form);
      this.#patterns.push(
        new RegExp(secret.length >= minLengthAnywhere ? literal : `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'gu'),
      );
    }
  }
}

function streamSecrets(node: Node): readonly string[] {
  if (node.kind === 'ingest') {
    const signatures = (node.ingest.http?.routes ?? []).flatMap(({ signature }) => signature ?? []);
    return [...node.ingest.tokens, ...signatures.map(({ secret }) => secret)];
  }
  if (node.kind === 'api') return apiSecrets(node.api);
  if (node.kind !== 'sink' || !('http' in node.sink.to) || node.sink.to.http.auth === null) return [];
  const { auth } = node.sink.to.http;
  if ('bearer' in auth) return [auth.bearer];
  return ['password' in auth ? auth.password : auth.value];
}

/** What stands in a file itself instead of `{token}`, a secret of the credential. */
function apiSecrets({ auth, headers }: ApiFile): readonly string[] {
  const named = Object.entries(headers).flatMap(([name, value]) => (/auth|key|token|secret|cookie/i.test(name) ? [value] : []));
  return [...named, ...authTexts(auth)].filter((text) => !text.includes('{'));
}

function authTexts(auth: ApiFile['auth']): readonly string[] {
  if (auth === null) return [];
  if ('bearer' in auth) return [auth.bearer];
  return ['password' in auth ? auth.password : auth.value];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
