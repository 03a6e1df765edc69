import type { ExchangeType } from './broker-names.ts';

/** Whether a message with `routingKey` comes through a binding. AMQP's rule: in a topic, `*` is one word between dots and `#` any number. */
export function bindingMatches(type: ExchangeType, binding: string, routingKey: string): boolean {
  switch (type) {
    case 'fanout':
      return true;
    case 'direct':
      return binding === routingKey;
    case 'topic':
      return topicMatches(wordsOf(binding), wordsOf(routingKey));
  }
}

/** An empty key has no word at all, so that `#` takes it and `*` does not. */
const wordsOf = (key: string): readonly string[] => (key === '' ? [] : key.split('.'));

function topicMatches([pattern, ...patterns]: readonly string[], words: readonly string[]): boolean {
  if (pattern === undefined) return words.length === 0;
  if (pattern === '#') return topicMatches(patterns, words) || (words.length > 0 && topicMatches([pattern, ...patterns], words.slice(1)));
  const [word, ...rest] = words;
  return word !== undefined && (pattern === '*' || pattern === word) && topicMatches(patterns, rest);
}
