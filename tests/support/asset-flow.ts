import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const path = resolve(import.meta.dirname, '../../flows/assets/asset_upload_bulk.yaml');

/** The platform's own flow of assets, in so many processes instead of 50, into `public.asset`; what fails is tried again at once. */
export function assetFlow(processes: number): string {
  return readFileSync(path, 'utf8')
    .replace(/^workers: .*$/m, `workers: ${processes}`)
    .replace(/^retry: .*$/m, 'retry: { backoff: 10ms }')
    .replace('beat.asset', 'public.asset');
}
