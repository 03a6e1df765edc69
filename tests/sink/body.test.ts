import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { jsonText } from '../../framework/sink/json-text.ts';
import { parseBody } from '../../framework/sink/parse-body.ts';
import { RowMistake, type RowMistakeCode } from '../../framework/sink/row-mistake.ts';
import { deliveryOf } from '../support/sink-node.ts';

const limit = 100_000;

function parse(body: Buffer | string, contentEncoding: string | null = null) {
  return parseBody(deliveryOf('', { body: Buffer.from(body), contentEncoding }), limit);
}

function mistakeOf(body: Buffer | string, contentEncoding: string | null = null): RowMistake {
  try {
    parse(body, contentEncoding);
  } catch (thrown) {
    assert.ok(thrown instanceof RowMistake, String(thrown));
    return thrown;
  }
  assert.fail('the body was taken');
}

const secret = 'hunter2';

const poison: Readonly<Record<string, readonly [RowMistakeCode, Buffer | string, string?]>> = {
  'an empty body': ['BODY_SYNTAX', ''],
  'white space': ['BODY_SYNTAX', ' \n'],
  'no JSON': ['BODY_SYNTAX', secret],
  'two bodies in one': ['BODY_SYNTAX', '{}{}'],
  'JSON that breaks off': ['BODY_SYNTAX', `{"a":"${secret}`],
  NaN: ['BODY_SYNTAX', '{"a":NaN}'],
  Infinity: ['BODY_SYNTAX', '{"a":Infinity}'],
  'a number that is infinite as a double': ['BODY_SYNTAX', '{"a":1e999}'],
  'a number of a thousand digits': ['BODY_SYNTAX', `{"a":${'9'.repeat(1000)}}`],
  'a trailing comma': ['BODY_SYNTAX', '{"a":1,}'],
  'a line break in a text': ['BODY_SYNTAX', '{"a":"\n"}'],
  'bytes that are no UTF-8': ['BODY_ENCODING', Buffer.from([0x7b, 0xff, 0x7d])],
  Latin1: ['BODY_ENCODING', Buffer.from('{"a":"é"}', 'latin1')],
  'UTF-16 with its mark': ['BODY_ENCODING', Buffer.from('\ufeff{}', 'utf16le')],
  'a body over the limit': ['BODY_TOO_LARGE', `"${'x'.repeat(limit)}"`],
  'a bomb in gzip': ['BODY_TOO_LARGE', gzipSync(Buffer.alloc(10_000_000, 0x20)), 'gzip'],
  'a bomb in deflate': ['BODY_TOO_LARGE', deflateSync(Buffer.alloc(10_000_000, 0x20)), 'deflate'],
  'a bomb of many members': ['BODY_TOO_LARGE', Buffer.concat(Array.from({ length: 30 }, () => gzipSync(Buffer.alloc(5000)))), 'gzip'],
  'gzip that breaks off': ['BODY_ENCODING', gzipSync('{"a":1}').subarray(0, 15), 'gzip'],
  'what is not packed as it says': ['BODY_ENCODING', '{}', 'gzip'],
  'a packing that is not taken': ['BODY_ENCODING', zstdCompressSync('{}'), 'zstd'],
  'packed twice': ['BODY_ENCODING', gzipSync(gzipSync('{}')), 'gzip, gzip'],
  'a name that every object inherits as packing': ['BODY_ENCODING', '{}', 'constructor'],
  'lists nested 101 deep': ['BODY_DEPTH', `${'['.repeat(101)}${']'.repeat(101)}`],
  'objects nested 10,000 deep': ['BODY_DEPTH', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
  'depth that breaks off': ['BODY_DEPTH', '['.repeat(50_000)],
  'depth with long numbers, which are read another way': ['BODY_DEPTH', `${'[1234567890123456789,'.repeat(4000)}`],
};

for (const [name, [code, body, encoding]] of Object.entries(poison)) {
  test(`${name} is refused as ${code}, and nothing of it is told`, () => {
    const mistake = mistakeOf(body, encoding ?? null);

    assert.equal(mistake.code, code);
    assert.doesNotMatch(mistake.message, new RegExp(secret));
  });
}

test('brackets in texts and siblings are no depth', () => {
  const text = JSON.stringify({ a: '[{'.repeat(500), b: '"\\[{'.repeat(200), c: Array.from({ length: 500 }, () => [{}]) });

  assert.deepEqual(parse(text).value, JSON.parse(text));
  assert.deepEqual(parse(`${'['.repeat(100)}${']'.repeat(100)}`).text.length, 200);
});

test('a mark before the text, UTF-8 and packed bodies are read', () => {
  const text = '{"a":"é😀"}';

  for (const [body, encoding] of [
    [`\ufeff${text}`, null],
    [gzipSync(text), 'gzip'],
    [gzipSync(text), ' X-GZIP '],
    [deflateSync(text), 'deflate'],
    [text, 'identity'],
    [text, 'utf-8'],
  ] as const) {
    assert.deepEqual({ ...parse(body, encoding), bytes: 0 }, { text, value: { a: 'é😀' }, bytes: 0 });
  }
});

test('the size told is that of the unpacked body', () => {
  const text = `{"a":"${'x'.repeat(1000)}"}`;

  assert.equal(parse(gzipSync(text), 'gzip').bytes, text.length);
});

test('of two keys of one name the later counts, and __proto__ is a name like any other', () => {
  const { value } = parse('{"a":1,"a":2,"__proto__":{"polluted":true},"constructor":3}');

  assert.deepEqual(Object.keys(value as object), ['a', '__proto__', 'constructor']);
  assert.equal((value as { a: number }).a, 2);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal('polluted' in {}, false);
});

test('integers of any width survive a body to the digit, wherever they stand', () => {
  const integers = fc.bigInt({ min: -(2n ** 255n), max: 2n ** 256n - 1n });
  const bodies = fc.tuple(integers, integers, integers).map(([a, b, c]) => `{"a": ${a},"b":[${b}, "${c}"],"c":{"d":${c}}}`);

  fc.assert(
    fc.property(bodies, (text) => {
      const { value } = parse(text);

      assert.equal(jsonText(value), text.replaceAll(' ', ''));
    }),
  );
});

test('any JSON comes out as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      const { value } = parse(text);

      assert.equal(jsonText(value), JSON.stringify(JSON.parse(text)));
    }),
  );
});
