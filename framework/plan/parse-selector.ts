import { GccflowError } from '../foundation/error.ts';
import type { Selector, SelectorTerm, SelectorUnion } from './selector.ts';

/** dbt's term: `@`, `n+`, method, value, `+n`. */
const termPattern = /^(?<at>@)?(?:(?<parents>\d*)\+)?(?:(?<method>[\w.]+):)?(?<value>.*?)(?:\+(?<children>\d*))?$/s;
/** In double quotes two of them stand for one. */
const quoted = /"((?:[^"]|"")*)"/g;
/** Text up to a blank or comma that stands outside double quotes. */
const bareOrQuoted = new RegExp(`(?:[^\\s,"]|${quoted.source})+`, 'y');

/** A union of `texts`: blanks unite, commas intersect, double quotes keep both from doing so. Throws SELECTOR_SYNTAX. */
export function parseSelector(texts: readonly string[]): SelectorUnion {
  return { kind: 'union', of: texts.flatMap(parseUnion) };
}

function parseUnion(text: string): Selector[] {
  const parts: Selector[] = [];
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    const end = endOfIntersection(text, at);
    parts.push(
      parseIntersection(
        text.slice(at, end.last),
        end.commas.map((comma) => comma - at),
      ),
    );
    at = skipBlanks(text, end.last);
  }
  return parts;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (/\s/.test(text.charAt(at))) at++;
  return at;
}

/** Where the intersection that starts at `from` ends, and its commas. */
function endOfIntersection(text: string, from: number): { readonly last: number; readonly commas: readonly number[] } {
  const commas: number[] = [];
  let at = from;
  for (;;) {
    bareOrQuoted.lastIndex = at;
    at += bareOrQuoted.exec(text)?.[0].length ?? 0;
    if (text[at] === '"') throw new GccflowError('SELECTOR_SYNTAX', `The selector '${text}' opens a double quote and never closes it.`);
    if (text[at] !== ',') return { last: at, commas };
    commas.push(at);
    at++;
  }
}

function parseIntersection(text: string, commas: readonly number[]): Selector {
  if (commas.length === 0) return parseTerm(text);
  const starts = [0, ...commas.map((comma) => comma + 1)];
  return { kind: 'intersection', text, of: starts.map((start, index) => parseTerm(text.slice(start, commas[index]), text)) };
}

/** One term. `within` is the longer text it stands in, for errors. */
export function parseTerm(text: string, within = text): SelectorTerm {
  const { at, parents, method, value = '', children } = termPattern.exec(text)?.groups ?? {};
  const bare = value.replaceAll(quoted, (_, inside: string) => inside.replaceAll('""', '"'));
  if (bare === '') {
    const hint = 'A term is a name or method:value, with + or @ around it; commas intersect, blanks unite.';
    throw new GccflowError('SELECTOR_SYNTAX', `The selector '${within}' has a term without a value.`, { hint });
  }
  if (at !== undefined && children !== undefined) {
    const hint = `Write '@${value}': it already takes all descendants and their ancestors.`;
    throw new GccflowError('SELECTOR_SYNTAX', `The selector '${text}' joins '@' with a '+' at its end.`, { hint });
  }
  const [name = '', ...path] = (method ?? defaultMethod(bare)).split('.');
  return {
    kind: 'term',
    text,
    method: name,
    path,
    value: bare,
    parents: depth(parents),
    children: depth(children),
    childrensParents: at !== undefined,
    indirect: null,
  };
}

function depth(digits: string | undefined): number {
  if (digits === undefined) return 0;
  return digits === '' ? Number.POSITIVE_INFINITY : Number(digits);
}

/** dbt's guess for a value without a method: a path, a file's name, else a node's name. */
function defaultMethod(value: string): string {
  if (value.includes('/')) return 'path';
  return /\.(sql|csv|py)$/i.test(value) ? 'file' : 'fqn';
}
