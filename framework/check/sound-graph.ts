import type { GccflowError } from '../foundation/error.ts';
import type { ErrorCode } from '../foundation/error-codes.ts';
import { firstInterval } from '../manifest/first-interval.ts';
import { findCycles, type Parents } from '../manifest/graph.ts';
import type { Manifest, ModelNode, Node, NodeId, TestNode } from '../manifest/manifest.ts';
import { withChanges } from '../manifest/render-sql.ts';
import type { Template } from '../project/parse-template.ts';

/** Mistakes of a file that leave its SQL not as it is meant. */
const inSql: ReadonlySet<ErrorCode> = new Set([
  'FILE_UNREADABLE',
  'TEMPLATE_SYNTAX',
  'TEMPLATE_ARGUMENT',
  'MODEL_STATEMENTS',
  'REF_NOT_FOUND',
  'SOURCE_NOT_FOUND',
  'MACRO_NOT_FOUND',
  'VAR_NOT_FOUND',
  'ENV_MISSING',
]);

/** A graph that may have mistakes, as far as it can be checked. */
export interface SoundGraph {
  /** Without circles, and without tests that rest on what is unsound. Unsound models are in no other's SQL. */
  readonly manifest: Manifest;
  /** Nodes whose SQL, rows or parents are not what is meant. */
  readonly unsound: ReadonlySet<NodeId>;
}

/** What of a graph can be checked in spite of mistakes that have been told. */
export function soundGraph(manifest: Manifest, mistakes: readonly GccflowError[]): SoundGraph {
  if (mistakes.length === 0) return { manifest, unsound: new Set() };
  const templates = new UnsoundTemplates(manifest, new Set(mistakes.flatMap(({ code, at }) => (at && inSql.has(code) ? [at.file] : []))));
  const unsound = new Set([...manifest.nodes.values()].flatMap((node) => (isUnsound(node, templates) ? [node.id] : [])));
  for (let cycles = findCycles(cutAt(manifest, unsound)); cycles.length > 0; cycles = findCycles(cutAt(manifest, unsound))) {
    for (const [first] of cycles) if (first !== undefined) unsound.add(first);
  }
  const nodes = [...manifest.nodes.values()].flatMap((node): Node[] => {
    if (node.kind === 'unit_test' && node.subject.kind === 'model' && unsound.has(node.subject.id)) return [];
    if (!unsound.has(node.id)) return [node];
    if (node.kind === 'test' || node.kind === 'unit_test') return [];
    return [node.kind === 'model' ? withoutSql(node) : node];
  });
  const changed = withChanges(manifest, { nodes: new Map(nodes.map((node) => [node.id, node])) });
  return { manifest: { ...changed, parents: cutAt(manifest, unsound) }, unsound };
}

function isUnsound(node: Node, templates: UnsoundTemplates): boolean {
  if ('template' in node) return templates.has(node.template) || lacksInterval(node);
  if (node.kind === 'unit_test') return node.subject.kind === 'macro' && templates.hasMacro(node.subject.name);
  return node.kind === 'seed' && templates.isIn(node.file);
}

/** Without an interval there is nothing to render it for. */
function lacksInterval(node: ModelNode | TestNode): boolean {
  return node.kind === 'model' && node.config.incremental_strategy === 'interval' && firstInterval(node) === null;
}

function withoutSql(node: ModelNode): ModelNode {
  const { materialized } = node.config;
  const config = { ...node.config, materialized: materialized === 'ephemeral' ? 'view' : materialized, pre_hook: [], post_hook: [] };
  return { ...node, config };
}

function cutAt({ parents }: Manifest, unsound: ReadonlySet<NodeId>): Parents {
  return new Map([...parents].map(([id, above]) => [id, unsound.has(id) ? [] : above]));
}

class UnsoundTemplates {
  readonly #manifest: Manifest;
  readonly #files: ReadonlySet<string>;
  readonly #macros = new Map<string, boolean>();

  constructor(manifest: Manifest, files: ReadonlySet<string>) {
    this.#manifest = manifest;
    this.#files = files;
  }

  isIn(file: string): boolean {
    return this.#files.has(file);
  }

  has({ file, refs, sources, macros }: Template): boolean {
    const { nodes } = this.#manifest;
    return (
      this.isIn(file) ||
      refs.some(({ name }) => !nodes.has(`model.${name}`) && !nodes.has(`seed.${name}`)) ||
      sources.some(({ source, table }) => !nodes.has(`source.${source}.${table}`)) ||
      macros.some(({ name }) => this.hasMacro(name))
    );
  }

  /** Whether a macro is unsound, or not there. */
  hasMacro(name: string): boolean {
    const known = this.#macros.get(name);
    if (known !== undefined) return known;
    this.#macros.set(name, false); // a macro that calls itself is no worse for it
    const macro = this.#manifest.macros.get(name);
    const unsound = !macro || this.has(macro.template);
    this.#macros.set(name, unsound);
    return unsound;
  }
}
