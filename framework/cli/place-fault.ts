import type { WarehouseFault } from '../connections/warehouse.ts';
import type { Location } from '../foundation/location.ts';

/** Text of a file in which a fault may have its cause. */
export interface FaultyText {
  readonly file: string;
  readonly text: string;
}

/**
 * Where in the author's file the thing stands that ClickHouse complains of: the misspelt name, the call whose types do not fit, or the
 * word at which it could not parse on. ClickHouse counts lines in the statement that was sent, with our own text before the SELECT and the
 * template's tags rendered, so the word is looked for: in the same column first, then anywhere. Null where the file does not hold it.
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
  const place = first ?? callPlace(message, text);
  return place === null ? null : { file, ...place };
}

/** The one call of the function that a complaint of types names, or the one use of its operator. Of several none is known to be meant. */
function callPlace(message: string, text: string): Place | null {
  const pattern = namedPattern(message);
  if (pattern === null) return null;
  const code = text.replaceAll(/\{\{.*?\}\}|--[^\n]*|'(?:[^'\\]|\\.)*'/gs, (other) => other.replaceAll(/[^\n]/g, ' '));
  const [only, ...others] = code
    .split('\n')
    .flatMap((line, index) => [...line.matchAll(pattern)].map((match) => ({ line: index + 1, column: match.index + 1 })));
  return only === undefined || others.length > 0 ? null : only;
}

function namedPattern(message: string): RegExp | null {
  const clause = /\bfilter in ((?:PRE)?WHERE|HAVING)\b/.exec(message)?.[1];
  if (clause !== undefined) return new RegExp(`\\b${clause}\\b`, 'gi');
  const name = /\bfunction '?(\w+)/.exec(message)?.[1];
  if (name === undefined) return null;
  return new RegExp([`(?<![\\w$.])${name}(?=\\s*\\()`, ...(operators.get(name) ?? []).map(alone)].join('|'), 'gi');
}

/** How the functions that operators stand for are written. */
const operators: ReadonlyMap<string, readonly string[]> = new Map([
  ['plus', ['+']],
  ['minus', ['-']],
  ['negate', ['-']],
  ['divide', ['/']],
  ['modulo', ['%']],
  ['equals', ['=', '==']],
  ['notEquals', ['!=', '<>']],
  ['less', ['<']],
  ['lessOrEquals', ['<=']],
  ['greater', ['>']],
  ['greaterOrEquals', ['>=']],
  ['concat', ['||']],
]);

/** An operator that is no part of a longer one. */
function alone(operator: string): string {
  const sign = '[-+*/%=!<>|]';
  return `(?<!${sign})${operator.replaceAll(/[+|]/g, '\\$&')}(?!${sign})`;
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
