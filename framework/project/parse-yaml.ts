import { isMap, isNode, isPair, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';

export type YamlPath = readonly (string | number)[];

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

/** Reads YAML; gives back null after reporting YAML_SYNTAX. `expand` sees every text below `within` that holds a template. */
export function parseYaml(text: string, file: string, diagnostics: Diagnostics): ParsedYaml | null {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place = (offset: number): Location => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  for (const error of document.errors) {
    const message = error.message.split(/ at line \d+/)[0] ?? error.message;
    diagnostics.report(new GccflowError('YAML_SYNTAX', `${message.replace(/\.$/, '')}.`, { at: place(error.pos[0]), cause: error }));
  }
  if (document.errors.length > 0) return null;
  return new ParsedYaml(file, document, place);
}

/** A parsed file whose texts can still be expanded. */
export class ParsedYaml implements YamlDocument {
  readonly file: string;
  readonly #document: ReturnType<typeof parseDocument>;
  readonly #place: (offset: number) => Location;

  constructor(file: string, document: ReturnType<typeof parseDocument>, place: (offset: number) => Location) {
    this.file = file;
    this.#document = document;
    this.#place = place;
  }

  get value(): unknown {
    return this.#document.toJS();
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
  }

  #node(path: YamlPath): Node | null {
    const node = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    return isNode(node) ? node : null;
  }
}
