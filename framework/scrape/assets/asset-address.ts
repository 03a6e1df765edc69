import { TaskFault } from '../task-fault.ts';
import type { Asset } from './asset-uploads.ts';

/** The URL of an asset. Throws `TaskFault` for what is none, and for a host that the flow does not name. */
export function assetAddress({ url, hosts }: Asset): URL {
  if (!URL.canParse(url)) throw new TaskFault('refused', 'ASSET_URL', 'the address of the asset is no URL');
  const address = new URL(url);
  if (address.protocol !== 'https:' && address.protocol !== 'http:') {
    throw new TaskFault('refused', 'ASSET_URL', `the address of the asset begins with ${address.protocol}; http: or https: is expected`);
  }
  requireHost(address, hosts);
  return address;
}

/** Throws `TaskFault` for a host that is neither one of `hosts` nor below one; also for where redirects led. */
export function requireHost({ hostname }: URL, hosts: readonly string[]): void {
  if (hosts.length === 0 || hosts.some((host) => hostname === host.toLowerCase() || hostname.endsWith(`.${host.toLowerCase()}`))) return;
  throw new TaskFault('refused', 'ASSET_HOST', `the flow takes no assets from ${hostname}`);
}
