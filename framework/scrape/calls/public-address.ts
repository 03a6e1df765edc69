import { lookup as resolveName } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A connection was to lead to an address that is not of the public internet. Names the host alone: an address behind it is nobody's business. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';

  constructor(host: string) {
    super(`'${host}' leads to an address that is not of the public internet`);
  }
}

/** All that is given out to the public so far; ranges for special uses within it are known to ipaddr.js. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address belongs to the public internet. Not so are private, loopback, link-local, shared (CGNAT), multicast, reserved and
 * documentation ranges, and IPv6 addresses that carry another within them (IPv4-mapped, NAT64, 6to4, Teredo), whatever that other is.
 */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '');
  if (isIP(plain) === 0) return false;
  const parsed = ipaddr.parse(plain);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(globalUnicast);
}

/**
 * Resolves a name to its public addresses alone, for the connection that is made of them: what is checked is what is connected to, whatever
 * the name resolves to a moment later. Where only some are public, those are taken: behind NAT64 every name has others too.
 */
export function publicLookup(resolve: typeof resolveName = resolveName): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const usable = addresses.filter(({ address }) => isPublicAddress(address));
      const [first] = usable;
      if (first === undefined) return callback(new RefusedAddress(hostname), []);
      if (options.all === true) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  };
}
