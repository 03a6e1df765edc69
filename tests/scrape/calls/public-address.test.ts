import assert from 'node:assert/strict';
import type { LookupAddress, lookup } from 'node:dns';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPublicAddress, publicLookup, RefusedAddress } from '../../../framework/scrape/calls/public-address.ts';
import { openHttpClient } from '../../../framework/scrape/calls/undici-client.ts';
import { openUpstream, redirect } from '../../support/upstream.ts';
import { request } from './request.ts';

const notPublic = [
  ['this host', '0.0.0.0', '0.1.2.3', '::'],
  ['loopback', '127.0.0.1', '127.255.255.254', '::1'],
  ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fdff::1'],
  ['link-local', '169.254.169.254', '169.254.0.1', 'fe80::1', 'fe80::1%eth0', 'fec0::1'],
  ['shared', '100.64.0.1', '100.127.255.255'],
  ['multicast and broadcast', '224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1'],
  ['reserved', '192.0.0.8', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '240.0.0.1', '2001:db8::1', '100::1', '4000::1'],
  ['IPv4-mapped', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '::ffff:0:127.0.0.1'],
  ['IPv4-compatible', '::127.0.0.1', '::7f00:1'],
  ['NAT64', '64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '64:ff9b:1::1'],
  ['6to4 and Teredo', '2002:7f00:1::', '2002:a00:1::1', '2001:0:4136:e378::1'],
  ['no address', 'localhost', '127.1', '0x7f000001', '2130706433', '010.0.0.1', ''],
] as const;

for (const [what, ...addresses] of notPublic) {
  test(`${what} is not of the public internet`, () => {
    assert.deepEqual(
      addresses.filter((address) => isPublicAddress(address)),
      [],
    );
  });
}

test('ordinary addresses are public', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '100.63.255.255', '2606:4700:4700::1111', '2a03:2880::1']) {
    assert.ok(isPublicAddress(address), address);
  }
});

test('an IPv4 address of a private range is refused however IPv6 carries it', () => {
  const privateV4 = fc.oneof(
    fc.tuple(fc.constant(10), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(127), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(192), fc.constant(168), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(169), fc.constant(254), fc.nat(255), fc.nat(255)),
  );
  fc.assert(
    fc.property(privateV4, fc.constantFrom('', '::', '::ffff:', '::ffff:0:', '64:ff9b::'), (octets, prefix) => {
      assert.equal(isPublicAddress(prefix + octets.join('.')), false);
    }),
  );
});

const urls = [
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://0x7f.0.0.0x1/',
  'http://0/',
  'http://localhost/',
  'http://LOCALHOST/',
  'https://localhost/',
  'https://127.0.0.1:8443/',
  'http://[::1]/',
  'http://[::]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[0:0:0:0:0:ffff:a9fe:a9fe]/',
  'http://169.254.169.254/latest/meta-data/',
  'http://10.0.0.1:6379/',
  'http://100.100.100.200/',
  'http://user:password@127.0.0.1/',
  'http://127。0。0。1/',
  'http://①②⑦.0.0.1/',
  'file:///etc/passwd',
  'ftp://127.0.0.1/',
];

for (const url of urls) {
  test(`a public request does not reach ${url}`, async () => {
    await using client = openHttpClient();

    await assert.rejects(client.send(request(url, { reach: 'public' }), AbortSignal.timeout(20_000)), { kind: 'refused_address' });
  });
}

test('a server of this machine is not asked by a public request, and is by another', async () => {
  await using upstream = await openUpstream();
  await using client = openHttpClient();
  const { signal } = new AbortController();

  await assert.rejects(client.send(request(upstream.url, { reach: 'public' }), signal), { kind: 'refused_address' });
  await client.send(request(upstream.url), signal);

  assert.equal(upstream.arrivals.length, 1);
});

test('what a redirect leads to is checked as well', async () => {
  await using upstream = await openUpstream();
  await using client = openHttpClient();
  upstream.answer(redirect('gopher://127.0.0.1/'));

  await assert.rejects(client.send(request(upstream.url), new AbortController().signal), { name: 'HttpFault' });
});

test('a public request through a proxy is refused, for its address could not be checked', async () => {
  await using upstream = await openUpstream();
  await using client = openHttpClient();

  const sent = client.send(request('http://example.com/', { reach: 'public', proxy: upstream.url }), new AbortController().signal);

  await assert.rejects(sent, { kind: 'refused_address' });
  assert.equal(upstream.arrivals.length, 0);
});

test('a name leads to its public addresses alone, and to none where it has no public one', async () => {
  const mixed = await lookUp([
    { address: '10.0.0.1', family: 4 },
    { address: '8.8.8.8', family: 4 },
    { address: '64:ff9b::808:808', family: 6 },
  ]);
  const hidden = lookUp([{ address: '192.168.0.1', family: 4 }]);

  assert.deepEqual(mixed, [{ address: '8.8.8.8', family: 4 }]);
  await assert.rejects(hidden, RefusedAddress);
});

test('a name that turns private is refused when it is connected to, whatever it was before', async () => {
  const answers: LookupAddress[][] = [[{ address: '8.8.8.8', family: 4 }], [{ address: '127.0.0.1', family: 4 }]];
  const rebinding = publicLookup(fakeResolve(() => answers.shift() ?? []));

  await assert.doesNotReject(promised(rebinding));
  await assert.rejects(promised(rebinding), RefusedAddress);
});

const lookUp = (addresses: LookupAddress[]): Promise<unknown> => promised(publicLookup(fakeResolve(() => addresses)));

function fakeResolve(answer: () => LookupAddress[]): typeof lookup {
  const resolve = (_name: string, _options: unknown, callback: (error: null, addresses: LookupAddress[]) => void): void =>
    callback(null, answer());
  return resolve as unknown as typeof lookup;
}

function promised(look: ReturnType<typeof publicLookup>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    look('name.example', { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}
