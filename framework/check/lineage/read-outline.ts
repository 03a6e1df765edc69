import { clauseNames } from './query-tree.ts';

/** A node of `EXPLAIN QUERY TREE` before its kind is looked at. */
export interface OutlineNode {
  /** `QUERY`, `CROSS JOIN`, `COLUMN` … */
  readonly head: string;
  readonly id: number;
  /** The rest of its line: `alias: a, column_name: a, …`. Names in it stand as they are, whatever they hold. */
  readonly attributes: string;
  readonly sections: readonly OutlineSection[];
  /** Nodes that stand in it directly: the members of a list. */
  readonly nodes: readonly OutlineNode[];
}

export interface OutlineSection {
  readonly name: string;
  /** What follows its name: of EXPRESSION the text of what it holds. */
  readonly text: string;
  readonly nodes: readonly OutlineNode[];
  /** Of PROJECTION COLUMNS, as printed: each column is a line, or several where its name has some. */
  readonly lines: readonly string[];
  /** Spaces before what it holds. */
  readonly indent: number;
}

/** Parts of a node that hold nodes. What is none of these and no node is the rest of a name or text that has several lines. */
const sectionNames = new Set<string>([
  ...clauseNames,
  'WITH',
  'CORRELATED COLUMNS',
  'PROJECTION COLUMNS',
  'PROJECTION',
  'JOIN TREE',
  'QUERIES',
  'PARAMETERS',
  'ARGUMENTS',
  'EXPRESSION',
  'TABLE EXPRESSION',
  'LEFT TABLE EXPRESSION',
  'RIGHT TABLE EXPRESSION',
  'JOIN EXPRESSION',
  'JOIN EXPRESSIONS',
  'PARTITION BY',
  'FRAME BEGIN OFFSET',
  'FRAME END OFFSET',
  'FILL FROM',
  'FILL TO',
  'FILL STEP',
  'FILL STALENESS',
  'INTERPOLATE_EXPRESSION',
  'EXPRESSIONS',
  'SETTINGS',
  'REPLACEMENTS',
  'REPLACEMENT NAME',
]);

/** Sections that are followed by the text of what they hold, or by that text alone. */
const withText = /^(EXPRESSION|SETTINGS|REPLACEMENTS|REPLACEMENT NAME) [\s\S]/;
const nodeLine = /^( *)([A-Z_]+(?: [A-Z_]+)*) id: (\d+)(?:, ([\s\S]*))?$/;

/** A node may be counted where it is first referred to. */
const sourceId = /, source_id: (\d+)$/;

/** A line end in a name is rarer than a part that another version of ClickHouse adds. */
const unknownSection = /^ {2,}[A-Z_]{2,}(?: [A-Z_]+)* ?$/;

/** Something in the tree that is not understood; `what` says it in a few words. */
export class TreeNotUnderstood extends Error {
  readonly what: string;

  constructor(what: string) {
    super(`The query tree holds ${what}, which is not understood.`);
    this.what = what;
  }
}

type Draft = { depth: number; nodes: OutlineNode[] } & (
  | { kind: 'node'; head: string; id: number; attributes: string; sections: OutlineSection[] }
  | { kind: 'section'; name: string; text: string; lines: string[] }
);

/** The one node at the root of the lines that `EXPLAIN QUERY TREE` gave. Throws TreeNotUnderstood. */
export function readOutline(lines: readonly string[]): OutlineNode {
  const roots: OutlineNode[] = [];
  const open: Draft[] = [];
  let highestId = -1;

  for (const line of lines) {
    const last = open.at(-1);
    const inColumns = last?.kind === 'section' && last.name === 'PROJECTION COLUMNS' && line !== `${'  '.repeat(last.depth)}PROJECTION`;
    const draft = inColumns ? null : readLine(line, highestId);
    if (draft) {
      while ((open.at(-1)?.depth ?? -1) >= draft.depth) close(open, roots);
      if (draft.depth !== (open.at(-1)?.depth ?? -1) + 1) throw new TreeNotUnderstood(`a part '${line.trim()}' out of its place`);
      open.push(draft);
    } else if (last?.kind === 'section') {
      last.lines.push(line);
    } else if (last) {
      last.attributes += `\n${line}`;
    }
    const told = inColumns ? null : sourceId.exec(line);
    highestId = Math.max(highestId, draft?.kind === 'node' ? draft.id : 0, Number(told?.[1] ?? 0));
  }
  while (open.length > 0) close(open, roots);
  const [root] = roots;
  if (!root || roots.length > 1) throw new TreeNotUnderstood('no single root');
  return root;
}

/** null where the line goes on with the text of the one before it. Ids of new nodes count up, so a text that looks like a node is mostly told apart. */
function readLine(line: string, highestId: number): Draft | null {
  const node = nodeLine.exec(line);
  if (node) {
    const [, indent = '', head = '', id = '', attributes = ''] = node;
    const fits = indent.length % 2 === 0 && Number(id) <= highestId + 1;
    return fits ? { kind: 'node', depth: indent.length / 2, head, id: Number(id), attributes, sections: [], nodes: [] } : null;
  }
  const text = line.trimStart();
  const name = withText.exec(text)?.[1] ?? text.trimEnd();
  const indent = line.length - text.length;
  if (indent % 2 === 0 && unknownSection.test(line) && !sectionNames.has(name)) throw new TreeNotUnderstood(`a part '${name}'`);
  if (!sectionNames.has(name) || indent % 2 !== 0) return null;
  return { kind: 'section', depth: indent / 2, name, text: text.slice(name.length).trim(), lines: [], nodes: [] };
}

function close(open: Draft[], roots: OutlineNode[]): void {
  const done = open.pop();
  const parent = open.at(-1);
  if (done?.kind === 'section') {
    if (!parent) throw new TreeNotUnderstood(`a part '${done.name}' out of its place`);
    if (parent.kind === 'section') {
      parent.nodes.push(...done.nodes); // REPLACEMENTS holds a part for each
      return;
    }
    parent.sections.push({ name: done.name, text: done.text, nodes: done.nodes, lines: done.lines, indent: 2 * (done.depth + 1) });
  } else if (done) {
    (parent?.nodes ?? roots).push({
      head: done.head,
      id: done.id,
      attributes: done.attributes,
      sections: done.sections,
      nodes: done.nodes,
    });
  }
}
