import { TaskFault } from '../task-fault.ts';
import type { Asset } from './asset-uploads.ts';

/** No slash, no backslash, nothing that a path, a URL or a shell reads as more than a name. */
const plainName = /^[\p{L}\p{N}\p{M}_.~@=+:-]+$/u;
const onlyDots = /^\.+$/;
/** File systems take names of 255. */
const maxBytes = 200;

/** Where an asset is kept: e.g. `assets/profiles/instagram/123.jpg`, whatever its type. Throws `TaskFault` for what could lead elsewhere. */
export function assetKey({ entityType, platform, entityId }: Asset): string {
  for (const [name, value] of Object.entries({ 'entity type': entityType, platform, 'entity id': entityId })) {
    if (plainName.test(value) && !onlyDots.test(value) && Buffer.byteLength(value) <= maxBytes) continue;
    throw new TaskFault('refused', 'ASSET_KEY', `the ${name} ${JSON.stringify(value.slice(0, 60))} cannot stand in an asset's key`);
  }
  return `assets/${entityType}s/${platform.toLowerCase()}/${entityId}.jpg`;
}

/** The address of a key below `publicUrl`; the key itself where there is none. */
export function publicAddress(key: string, publicUrl: string | null): string {
  if (publicUrl === null) return key;
  return `${publicUrl.replace(/\/+$/, '')}/${key.split('/').map(encodeURIComponent).join('/')}`;
}
