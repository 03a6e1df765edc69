import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { scratchBucket, scratchFolder } from '../support/objects.ts';

const keys = ['a/plain.txt', 'a/with space.txt', 'a/naïve 名 😀.txt', `a/it's "quoted".txt`, 'a/100%+&=?#.txt', 'b/other.txt'];

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

for (const [name, scratch] of [
  ['folder', scratchFolder],
  ['bucket', scratchBucket],
] as const) {
  test(`${name}: an object is read as it was put, whatever its key`, async () => {
    await using store = await scratch();
    const { objects } = store;
    for (const key of keys) await objects.put(key, `body of ${key}`);

    const listed = await objects.list('a/');
    const bodies = await Promise.all(keys.map(async (key) => textOf(await objects.get(key))));
    const sizes = await Promise.all(keys.map((key) => objects.size(key)));

    assert.deepEqual(listed, keys.slice(0, -1).toSorted());
    assert.deepEqual(
      bodies,
      keys.map((key) => `body of ${key}`),
    );
    assert.deepEqual(
      sizes,
      keys.map((key) => Buffer.byteLength(`body of ${key}`)),
    );
  });

  test(`${name}: a put replaces, a removal is of these keys only and may be repeated`, async () => {
    await using store = await scratch();
    const { objects } = store;
    for (const key of keys) await objects.put(key, 'first');
    await objects.put('b/other.txt', 'second');

    for (let round = 0; round < 2; round++) await objects.remove(keys.slice(0, -1));

    assert.deepEqual(await objects.list(''), ['b/other.txt']);
    assert.equal(await textOf(await objects.get('b/other.txt')), 'second');
    assert.equal(await objects.size('a/plain.txt'), null);
    await objects.remove([]);
  });

  test(`${name}: a put that is aborted or whose body fails leaves the earlier object, whole`, async () => {
    await using store = await scratch();
    const { objects } = store;
    await objects.put('kept', 'earlier');
    const stopping = new AbortController();
    const stopped = new Error('stopped');

    const aborted = objects.put('kept', Readable.from(endless(() => stopping.abort(stopped))), stopping.signal);
    await assert.rejects(aborted, (thrown: Error) => thrown === stopped || thrown.cause === stopped);
    const broken = objects.put('kept', Readable.from(failing()));
    await assert.rejects(broken, /the body broke/);

    assert.equal(await textOf(await objects.get('kept')), 'earlier');
    assert.deepEqual(await objects.list(''), ['kept']);
  });

  test(`${name}: a body of several chunks of 5 MB arrives whole`, async () => {
    await using store = await scratch();
    const { objects } = store;
    const block = Buffer.alloc(1 << 20, 'x');

    await objects.put('large', Readable.from(Array.from({ length: 13 }, () => block)));

    assert.equal(await objects.size('large'), 13 << 20);
    let bytes = 0;
    for await (const chunk of await objects.get('large')) bytes += (chunk as Buffer).length;
    assert.equal(bytes, 13 << 20);
  });

  test(`${name}: the SHA-256 that an object was put with is known, whether it came at once or in parts`, async () => {
    await using store = await scratch();
    const { objects } = store;
    const small = Buffer.from('a small one');
    const large = Buffer.alloc(6 << 20, 'l');
    const detailsOf = (body: Buffer) => ({ contentType: 'image/png', sha256: hash('sha256', body) });

    await objects.put('small', small, undefined, detailsOf(small));
    await objects.put('large', Readable.from([large]), undefined, detailsOf(large));

    assert.equal(await objects.sha256('small'), detailsOf(small).sha256);
    assert.equal(await objects.sha256('large'), detailsOf(large).sha256);
    assert.equal(await objects.sha256('not/here'), null);
  });

  test(`${name}: what is put without its SHA-256 is never taken for what was there before`, async () => {
    await using store = await scratch();
    const { objects } = store;
    const first = { contentType: 'image/png', sha256: hash('sha256', 'first') };
    await objects.put('key', 'first', undefined, first);

    await objects.put('key', 'second');

    assert.notEqual(await objects.sha256('key'), first.sha256);
  });

  test(`${name}: an object that is not there is named`, async () => {
    await using store = await scratch();

    await assert.rejects(store.objects.get('not/here'), { code: 'OBJECTS_UNREACHABLE', message: /'not\/here'/ });
    assert.equal(await store.objects.size('not/here'), null);
    assert.deepEqual(await store.objects.list('not/'), []);
  });
}

async function* endless(atTenth: () => void): AsyncGenerator<Buffer> {
  for (let block = 0; ; block++) {
    if (block === 10) atTenth();
    yield Buffer.alloc(1 << 20);
  }
}

async function* failing(): AsyncGenerator<Buffer> {
  yield Buffer.alloc(1 << 20);
  throw new Error('the body broke');
}
