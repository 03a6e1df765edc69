import { PostgresFault } from '../connections/postgres.ts';
import { WarehouseFault } from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Manifest, Node, SourceNode } from '../manifest/manifest.ts';
import { placeFault } from './place-fault.ts';

/** The error of a node with its place in the node's file, as near as it can be told, and the way on where ClickHouse's words show one. */
export function nodeError(error: GccflowError, node: Node, manifest: Manifest): GccflowError {
  const fault = error.cause instanceof WarehouseFault || error.cause instanceof PostgresFault ? error.cause : null;
  const hint = error.hint ?? (fault && hintOf(fault, node, manifest)) ?? undefined;
  const placed = error.at === undefined && fault instanceof WarehouseFault ? placeInTemplate(fault, node) : null;
  const at = error.at ?? placed ?? node.at;
  if (at === error.at && hint === error.hint) return error;
  const message = placed ? withoutPlace(error.message) : error.message;
  return new GccflowError(error.code, message, { at, hint, cause: error.cause });
}

/** The error of a query on the command line, with the way on where it reads what was not built yet. */
export function inlineError(error: GccflowError, manifest: Manifest): GccflowError {
  const fault = error.cause instanceof WarehouseFault ? error.cause : null;
  if (error.hint !== undefined || fault === null || !isMissingRelation(fault)) return error;
  const [missing = ''] = fault.message.split('Maybe you meant');
  const built = [...manifest.nodes.values()].filter((node) => (node.kind === 'model' || node.kind === 'seed') && isNamed(node, missing));
  const [node] = built.toSorted((a, b) => b.name.length - a.name.length); // of names within each other it is the longest
  if (node === undefined) return error;
  const what = missing.startsWith('Database ') ? '' : ` --select '+${node.name}'`;
  return new GccflowError(error.code, error.message, { at: error.at, hint: `Build it first: gccflow build${what}`, cause: error.cause });
}

/** ClickHouse counts in the statement that was sent; beside the place in the author's file that would be a second, wrong one. */
function withoutPlace(message: string): string {
  return message.replace(/ at position \d+ \((\S+)\) \(line \d+, col \d+\)/, " at '$1'");
}

/** Only a template of the node's own file can be shown: that of a generic test stands elsewhere. */
function placeInTemplate(fault: WarehouseFault, node: Node): ReturnType<typeof placeFault> {
  if (!('template' in node) || node.template.file !== node.file) return null;
  return placeFault(fault, node.template);
}

function hintOf(fault: WarehouseFault | PostgresFault, node: Node, manifest: Manifest): string | null {
  if (isMissingRelation(fault)) return missingRelationHint(fault, node, manifest);
  const near = /Maybe you meant:? \[?'?([^'\]?]+)/.exec(fault.message)?.[1];
  return near === undefined ? null : `Did you mean '${near}'?`;
}

/** A table that is not there is a source's, a model's that was not built yet, or one that the SQL names without ref or source. */
function missingRelationHint({ message }: Error, node: Node, manifest: Manifest): string {
  const [missing = ''] = message.split('Maybe you meant');
  const parents = (manifest.parents.get(node.id) ?? []).flatMap((id) => manifest.nodes.get(id) ?? []);
  const source = parents.find((parent): parent is SourceNode => parent.kind === 'source' && isNamed(parent, missing));
  if (source) {
    const { database, name } = source.relation;
    return `No model builds a source: create '${database}'.'${name}' in the warehouse, or correct 'database' and 'identifier' in ${source.file}.`;
  }
  if (![node, ...parents].some((read) => isNamed(read, missing)))
    return 'Name what is read by {{ref "…"}} or {{source "…" "…"}}, so that the graph knows it.';
  return `Build it first: gccflow build --select '+${node.kind === 'test' ? (parents[0]?.name ?? node.name) : node.name}'`;
}

/** ClickHouse names the database where that is missing, else the table; PostgreSQL's missing table is the sync's own. */
function isNamed(node: Node, missing: string): boolean {
  if (!('relation' in node)) return node.kind === 'sync';
  return missing.includes(missing.startsWith('Database ') ? node.relation.database : node.relation.name);
}

/** ClickHouse by its name, PostgreSQL by its SQLSTATE. */
function isMissingRelation(fault: WarehouseFault | PostgresFault): boolean {
  if (fault instanceof WarehouseFault) return fault.type === 'UNKNOWN_TABLE' || fault.type === 'UNKNOWN_DATABASE';
  return fault.sqlState === '42P01';
}
