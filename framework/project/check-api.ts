import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { ApiFile } from './api-file.ts';
import { placeholdersOf } from './flow-template.ts';
import type { YamlDocument } from './parse-yaml.ts';

/** Reports an API that shows secrets and has no credentials to take them from: no call of it could ever be made. */
export function checkApi({ auth, credentials }: ApiFile, document: YamlDocument, diagnostics: Diagnostics): void {
  if (auth === null || credentials !== null) return;
  const [secret] = Object.values(auth).flatMap(placeholdersOf);
  if (secret === undefined) return;
  const message = `'auth' shows '${secret}' of a credential, and the API has no 'credentials'.`;
  const hint = 'Say whose: credentials: { source: … }; `gccflow credentials add` stores one.';
  diagnostics.report(new GccflowError('VALUE_INVALID', message, { at: document.at(['auth']), hint }));
}

/** An API of the name that a file with mistakes declares, so that calling it is no mistake too; null where it has no name. */
export function namedApi({ value }: YamlDocument): ApiFile | null {
  const { name, enabled } = value as { readonly name?: unknown; readonly enabled?: unknown };
  const read = ApiFile.safeParse({ kind: 'api', name, base_url: 'http://unknown', enabled: enabled !== false });
  return read.success ? read.data : null;
}
