import type { WarehouseFault } from '../connections/warehouse.ts';
import type { Location } from '../foundation/location.ts';

/** Text of a file in which a fault may have its cause. */
export interface FaultyText {
  readonly file: string;
  readonly text: string;
}

/**
 * Where in the author's file the thing stands that ClickHouse complains of: the misspelt name, or the word at which it could not parse
 * on. ClickHouse counts lines in the statement that was sent, with our own text before the SELECT and the template's tags rendered, so the
 * word is looked for: in the same column first, then anywhere. Null where the file does not hold it.
 */
export function placeFault({ message, type }: Pick<WarehouseFault, 'message' | 'type'>, { file, text }: FaultyText): Location | null {
  const parse = /failed at position \d+ \((\S+?)\) \(line (\d+), col (\d+)\)/.exec(message);
  if (type === 'SYNTAX_ERROR' && parse) {
    const [, word = '', line, column] = parse;
    const written = word.startsWith('`') ? '{{' : word; // our own quotes: a ref or source
    return syntaxPlace(placesOf(written, text), { line: Number(line), column: Number(column) }, file);
  }
  const name = /`([^`]+)`|'([^']+)'|\b[Uu]nknown function (\w+)/
    .exec(message)
    ?.slice(1)
    .find((found) => found !== undefined);
  const [first] = name === undefined ? [] : placesOf(name.split('.').at(-1) ?? name, text);
  return first === undefined ? null : { file, ...first };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** Before the SELECT stand lines of ours, never after it: of several places the last one above ClickHouse's own line is meant. */
function syntaxPlace(places: readonly Place[], said: Place, file: string): Location | null {
  const above = places.filter(({ line }) => line <= said.line);
  const found = above.findLast(({ column }) => column === said.column) ?? (above.length === 1 ? above[0] : undefined);
  return found === undefined ? null : { file, ...found };
}

/** Every place of a word that is no part of a longer one, outside of comments. */
function placesOf(word: string, text: string): Place[] {
  const quoted = word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`${/^\w/.test(word) ? '(?<![\\w$])' : ''}${quoted}${/\w$/.test(word) ? '(?![\\w$])' : ''}`, 'gu');
  return text.split('\n').flatMap((line, index) => {
    const code = line.replace(/--.*/, '');
    return [...code.matchAll(pattern)].map((match) => ({ line: index + 1, column: match.index + 1 }));
  });
}
