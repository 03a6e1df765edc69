import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bindingMatches } from '../../framework/project/binding.ts';

/** The same rule, said with a regular expression: `*` is one word, `#` any number of words with the dots between them. */
function topicPattern(binding: string): RegExp {
  const words = (binding === '' ? [] : binding.split('.')).map((word) => {
    if (word === '#') return '(?:[^.]*\\.)*';
    return `${word === '*' ? '[^.]*' : word.replace(/[^a-z0-9]/g, '\\$&')}\\.`;
  });
  return new RegExp(`^${words.join('')}$`);
}

const word = fc.constantFrom('', 'a', 'b', 'ab');
const routingKey = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join('.'));
const binding = fc.array(fc.oneof(fc.constantFrom('*', '#'), word), { minLength: 1, maxLength: 5 }).map((words) => words.join('.'));

test('a direct binding takes its own routing key, a fanout binding any', () => {
  assert.equal(bindingMatches('direct', 'post_log', 'post_log'), true);
  assert.equal(bindingMatches('direct', 'post_*', 'post_log'), false);
  assert.equal(bindingMatches('direct', '#', 'post_log'), false);
  assert.equal(bindingMatches('fanout', '', 'post_log'), true);
});

test('in a topic binding a star is one word and a hash any number', () => {
  const matching: readonly [string, string, boolean][] = [
    ['event.*', 'event.click', true],
    ['event.*', 'event', false],
    ['event.*', 'event.click.late', false],
    ['event.#', 'event', true],
    ['event.#', 'event.click.late', true],
    ['#.late', 'late', true],
    ['#.late', 'event.click.late', true],
    ['*.#.*', 'event', false],
    ['#', '', true],
    ['*', '', false],
    ['*', '.', false],
    ['*.*', '.', true],
    ['ev*', 'event', false],
  ];

  for (const [pattern, key, expected] of matching) assert.equal(bindingMatches('topic', pattern, key), expected, `${pattern} ${key}`);
});

test('topic bindings agree with a regular expression', () => {
  fc.assert(
    fc.property(binding, routingKey, (pattern, key) => {
      assert.equal(bindingMatches('topic', pattern, key), topicPattern(pattern).test(key === '' ? '' : `${key}.`));
    }),
    { numRuns: 2000 },
  );
});
