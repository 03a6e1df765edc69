import { isMap, isNode, isPair, LineCounter, type Node, parseDocument, type Scalar, visit, type YAMLError } from 'yaml';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';

export type YamlPath = readonly (string | number)[];

/** Reports a mistake at the place that a path leads to. */
export type ReportAt = (path: YamlPath, message: string, hint?: string) => void;

/** A YAML file, with the place of everything in it. */
export interface YamlDocument {
  readonly file: string;
  /** Plain data: null for an empty file. */
  readonly value: unknown;
  /** Where the value at `path` stands, or its nearest ancestor that exists. */
  at(path: YamlPath): Location;
  /** Where the key at the end of `path` stands. */
  keyAt(path: YamlPath): Location;
}

/** Replaces `{{env "X"}}` in one text; the place is the scalar's. */
export type ExpandText = (text: string, at: Location) => string;

/** Reads YAML, with anchors and merge keys (`<<`); gives back null after reporting YAML_SYNTAX. */
export function parseYaml(text: string, file: string, diagnostics: Diagnostics): ParsedYaml | null {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, logLevel: 'error' });
  const place = (offset: number): Location => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const report = (message: string, offset: number, cause?: unknown): null => {
    diagnostics.report(new GccflowError('YAML_SYNTAX', message, { at: place(offset), cause }));
    return null;
  };
  if (document.errors.some(isOverflow)) return report('The file is nested too deeply.', document.errors.find(isOverflow)?.pos[0] ?? 0);
  const [mistake] = document.errors; // those after the first mostly follow from it
  if (mistake) return report(wordingOf(mistake), mistake.pos[0], mistake);
  const trap = /[*]|__proto__/.test(text) ? findTrap(document) : null;
  if (trap) return report(trap.message, trap.offset);
  try {
    return new ParsedYaml(file, document, place);
  } catch (error) {
    return report(`The file cannot be read: ${messageOf(error)}.`, 0, error); // such as aliases that unfold into millions of values
  }
}

const isOverflow = ({ message }: YAMLError): boolean => message.startsWith('Maximum call stack');

function wordingOf({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'The file holds more than one document: a second one begins here.';
  return `${(message.split(/ at line \d+/)[0] ?? message).replace(/\.$/, '')}.`;
}

/** What parses and cannot be used: an alias without its anchor or inside it, and the key that JavaScript takes for an object's prototype. */
function findTrap(document: ReturnType<typeof parseDocument>): { readonly message: string; readonly offset: number } | null {
  let trap: ReturnType<typeof findTrap> = null;
  visit(document, {
    Alias(_key, alias, path) {
      const anchored = alias.resolve(document);
      if (anchored && !path.includes(anchored)) return undefined;
      const message = anchored
        ? `The alias '*${alias.source}' stands inside of what it names.`
        : `No anchor '&${alias.source}' stands above.`;
      trap = { message, offset: alias.range?.[0] ?? 0 };
      return visit.BREAK;
    },
    Pair(_key, { key }) {
      if (!isNode(key) || String(key) !== '__proto__') return undefined;
      trap = { message: "The key '__proto__' cannot be used.", offset: key.range?.[0] ?? 0 };
      return visit.BREAK;
    },
  });
  return trap;
}

function withDigits({ value, source }: Scalar): unknown {
  if (typeof value !== 'number') return value;
  if (!Number.isFinite(value)) return String(value).replace('Infinity', 'inf').toLowerCase();
  return source !== undefined && source !== String(value) && /^[-+]?\d+(\.\d+)?$/.test(source) ? source : value;
}

/** A parsed file whose texts can still be expanded. */
export class ParsedYaml implements YamlDocument {
  readonly file: string;
  readonly #document: ReturnType<typeof parseDocument>;
  readonly #place: (offset: number) => Location;
  #value: unknown;

  constructor(file: string, document: ReturnType<typeof parseDocument>, place: (offset: number) => Location) {
    this.file = file;
    this.#document = document;
    this.#place = place;
    this.#value = document.toJS();
  }

  get value(): unknown {
    return this.#value;
  }

  at(path: YamlPath): Location {
    for (let length = path.length; length >= 0; length--) {
      const node = this.#node(path.slice(0, length));
      if (node?.range) return this.#place(node.range[0]);
    }
    return this.#place(0);
  }

  keyAt(path: YamlPath): Location {
    const parent = this.#node(path.slice(0, -1));
    const key = path.at(-1);
    if (isMap(parent)) {
      for (const pair of parent.items) {
        if (isPair(pair) && isNode(pair.key) && String(pair.key) === String(key) && pair.key.range) return this.#place(pair.key.range[0]);
      }
    }
    return this.at(path);
  }

  /** Replaces every text below `within` by what `expand` makes of it. */
  expand(expand: ExpandText, within: YamlPath = []): void {
    const node = this.#node(within);
    if (!node) return;
    visit(node as Parameters<typeof visit>[0], {
      Scalar: (_key, scalar) => {
        if (typeof scalar.value === 'string' && scalar.value.includes('{{'))
          scalar.value = expand(scalar.value, this.#place(scalar.range?.[0] ?? 0));
      },
    });
    this.#value = this.#document.toJS();
  }

  /** Makes texts of the numbers below every `key` that would not come back as they are written: 1.10, 007, 12345678901234567890. */
  keepDigits(key: string): void {
    visit(this.#document, {
      Pair: (_key, pair) => {
        if (!isNode(pair.key) || String(pair.key) !== key || !isNode(pair.value)) return undefined;
        visit(pair.value, {
          Scalar: (_inner, scalar) => {
            scalar.value = withDigits(scalar);
          },
        });
        return visit.SKIP;
      },
    });
    this.#value = this.#document.toJS();
  }

  #node(path: YamlPath): Node | null {
    const node = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    return isNode(node) ? node : null;
  }
}
