import type { Location } from '../foundation/location.ts';
import { rangesWithoutTerminator } from '../project/sql-statements.ts';

/** Text of the author that renders to SQL, and where it begins. */
export interface Origin {
  readonly text: string;
  readonly start: Location;
  /** `own`: the template of a model or test. `macro`: text that a call brings in. `value`: a value of a YAML file, known by its place alone. */
  readonly kind: 'own' | 'macro' | 'value';
}

/** Where a character of rendered SQL comes from. */
export interface Source {
  /** The character itself where the author wrote it, else the tag that it comes out of. */
  readonly at: Location;
  /** Whether the author wrote the character; false where a tag rendered it. */
  readonly exact: boolean;
  /** The line of the macro that holds it, where a macro does. */
  readonly macro: Location | null;
}

/** Rendered SQL that knows where it comes from. */
export interface MappedSql {
  readonly text: string;
  readonly sourceOf: (offset: number) => Source;
}

/**
 * What stands in rendered text between \uFDD0 and \uFDD1: `t` and where the text that follows stands in its origin, `(` and where the tag
 * stands that what follows comes out of, `)` where that ends. Neither of the two is a character of any text.
 */
const markPattern = /\uFDD0(?:([t(])(\d+):(\d+)|\))\uFDD1/g;

/** Writes marks while a template is compiled, and reads them from what it rendered. */
export class Marks {
  readonly #origins: Origin[] = [];

  /** Gives back the origin's number. */
  add(origin: Origin): number {
    return this.#origins.push(origin) - 1;
  }

  text(origin: number, offset: number): string {
    return `\uFDD0t${origin}:${offset}\uFDD1`;
  }

  open(origin: number, offset: number): string {
    return `\uFDD0(${origin}:${offset}\uFDD1`;
  }

  readonly close = '\uFDD0)\uFDD1';

  /** The same as `withoutTerminator`, with the marks kept. */
  withoutTerminator(marked: string): string {
    const { text, marks } = split(marked);
    const ranges = rangesWithoutTerminator(text);
    const kept = ranges.map(({ start, end }, index) => {
      const until = index === ranges.length - 1 ? Number.POSITIVE_INFINITY : end;
      const current =
        index === 0
          ? marks
          : marks.slice(
              Math.max(
                0,
                marks.findLastIndex(({ at }) => at <= start),
              ),
            );
      const own = current.filter(({ at }) => at < until);
      return weave(text, start, end, own);
    });
    return kept.join('');
  }

  /** The text without its marks, and what they say. */
  read(marked: string): MappedSql {
    const { text, marks } = split(marked);
    const segments: { readonly start: number; readonly source: (offset: number) => Source }[] = [];
    const open: Mark[] = [];
    for (const mark of marks) {
      if (mark.kind === '(') open.push(mark);
      if (mark.kind === ')') open.pop();
      const from = mark.kind === ')' ? open.at(-1) : mark;
      if (!from) continue;
      const above = [...open];
      segments.push({ start: mark.at, source: (offset) => this.#sourceOf(from, above, offset - mark.at) });
    }
    const sourceOf = (offset: number): Source => {
      const segment = segments.findLast(({ start }) => start <= offset) ?? segments[0];
      if (!segment) throw new Error('Rendered text without a mark.');
      return segment.source(offset);
    };
    return { text, sourceOf };
  }

  #sourceOf(from: Mark, open: readonly Mark[], past: number): Source {
    const isText = from.kind === 't';
    const origin = this.#originOf(from);
    const here = placeIn(origin, from.offset + (isText ? past : 0));
    if (origin.kind !== 'macro') return { at: here, exact: isText && origin.kind === 'own', macro: null };
    const call = open.findLast((mark) => this.#originOf(mark).kind !== 'macro');
    if (!call) return { at: here, exact: isText, macro: null };
    return { at: placeIn(this.#originOf(call), call.offset), exact: false, macro: here };
  }

  #originOf({ origin }: Mark): Origin {
    const found = this.#origins[origin];
    if (!found) throw new Error(`No origin ${origin}.`);
    return found;
  }
}

interface Mark {
  readonly kind: 't' | '(' | ')';
  readonly origin: number;
  readonly offset: number;
  /** Where it stands in the text without marks. */
  readonly at: number;
  readonly raw: string;
}

function split(marked: string): { readonly text: string; readonly marks: readonly Mark[] } {
  const marks: Mark[] = [];
  let length = 0;
  for (const match of marked.matchAll(markPattern)) {
    const [raw, kind = ')', origin, offset] = match;
    const at = match.index - length;
    marks.push({ kind: kind as Mark['kind'], origin: Number(origin), offset: Number(offset), at, raw });
    length += raw.length;
  }
  return { text: marked.replaceAll(markPattern, ''), marks };
}

/** `text` from `start` to `end` with its marks; those before or behind stand at its ends, and text that is cut off moves its mark on. */
function weave(text: string, start: number, end: number, marks: readonly Mark[]): string {
  let woven = '';
  let at = start;
  for (const mark of marks) {
    const place = Math.min(Math.max(mark.at, start), end);
    woven += text.slice(at, place);
    at = place;
    woven += mark.kind === 't' && mark.at < place ? `\uFDD0t${mark.origin}:${mark.offset + place - mark.at}\uFDD1` : mark.raw;
  }
  return woven + text.slice(at, end);
}

function placeIn({ text, start, kind }: Origin, offset: number): Location {
  if (kind === 'value') return start;
  const before = text.slice(0, offset).split('\n');
  const last = before.at(-1)?.length ?? 0;
  const column = before.length === 1 ? start.column + last : last + 1;
  return { file: start.file, line: start.line + before.length - 1, column };
}
