import type { ApiNode } from '../../manifest/manifest.ts';
import type { ApiFile } from '../../project/api-file.ts';
import type { Level } from '../limits/limiter.ts';

/** The limits of an API as a whole, all of the key `api_{name}`. */
export function apiLevels({ name, api }: Pick<ApiNode, 'name' | 'api'>): readonly Level[] {
  return levelsOf(`api_${name}`, api.limits);
}

/** The limits of one of its credentials, all of one key: two APIs that use the credential share its counts. */
export function credentialLevels({ api }: Pick<ApiNode, 'api'>, id: string): readonly Level[] {
  return levelsOf(credentialLevelKey(id), api.credentials?.limits ?? []);
}

export function credentialLevelKey(id: string): string {
  return `credential_${id}`;
}

function levelsOf(key: string, limits: ApiFile['limits']): readonly Level[] {
  return limits.map(({ requests, per, window }) => ({ key, requests, perMs: per, window }));
}
