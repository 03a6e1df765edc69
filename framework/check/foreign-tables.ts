import { GccflowError } from '../foundation/error.ts';
import type { Manifest, ModelNode, NodeId } from '../manifest/manifest.ts';
import { renderMapped } from '../manifest/render-sql.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import { expandedAt } from './explain-sql.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import type { RenderedModel } from './render-model.ts';
import { sqlTokens } from './sql-tokens.ts';

const name = '`(?:[^`\\\\]|\\\\.)+`|"[^"]+"|[\\p{L}_][\\p{L}\\p{N}_$]*';
const readsTable = new RegExp(`\\b(?:from|join)\\s+(${name})\\s*\\.\\s*(${name})`, 'giu');

/** Relations of the graph by `database\0name`. */
export function indexRelations({ nodes }: Manifest): ReadonlyMap<string, NodeId> {
  const entries = [...nodes.values()].flatMap((node): [string, NodeId][] =>
    'relation' in node ? [[keyOf(node.relation.database, node.relation.name), node.id]] : [],
  );
  return new Map(entries);
}

/** Relations of the graph that a model reads without `ref` or `source`, so that the graph does not know. `known`: those that it may read. */
export function foreignTables(
  { node, sql }: RenderedModel,
  known: ReadonlySet<NodeId>,
  index: ReadonlyMap<string, NodeId>,
  manifest: Manifest,
): readonly Finding[] {
  return [...sql.matchAll(readsTable)].flatMap((match) => {
    const [written, database = '', table = ''] = match;
    const id = index.get(keyOf(unquoted(database), unquoted(table)));
    const read = id === undefined || id === node.id || known.has(id) ? undefined : manifest.nodes.get(id);
    const offset = match.index + written.search(/\s/) + (/\s+/.exec(written)?.[0].length ?? 0);
    if (!read || !sqlTokens(sql).some(({ start }) => start === offset)) return []; // in a comment it reads nothing
    const mapped = renderMapped(manifest, node, { incremental: false });
    const call = read.kind === 'source' ? `{{source "${read.sourceName}" "${read.name}"}}` : `{{ref "${read.name}"}}`;
    const message = `${subjectOf(node)} reads ${unquoted(database)}.${unquoted(table)} by its name, so that the graph does not know it.`;
    const error = new GccflowError('CHECK_TABLE_UNKNOWN', message, { at: mapped.sourceOf(offset).at, hint: `Write ${call}.` });
    return [{ ...errorFinding(node, error), ...expandedAt(mapped, offset) }];
  });
}

/** Dictionaries of the graph that a model names in a text: they may be made after it. */
export function foreignDictionaries({ node }: RenderedModel, dictionaries: readonly ModelNode[], manifest: Manifest): readonly Finding[] {
  return dictionaries.map((read) => {
    const full = `${read.relation.database}.${read.relation.name}`;
    const mapped = renderMapped(manifest, node, { incremental: false });
    const offset = sqlTokens(mapped.text).find(({ kind, value }) => kind === 'text' && value === full)?.start ?? 0;
    const message = `${subjectOf(node)} looks up in ${full} by its name, so that the graph does not know it.`;
    const hint = `Write {{ref "${read.name}"}} in place of the text.`;
    const error = new GccflowError('CHECK_TABLE_UNKNOWN', message, { at: mapped.sourceOf(offset).at, hint });
    return { severity: 'warn', node: node.id, error, ...expandedAt(mapped, offset) };
  });
}

function keyOf(database: string, table: string): string {
  return `${database}\0${table}`;
}

function unquoted(written: string): string {
  return /^[`"]/.test(written) ? written.slice(1, -1).replaceAll(/\\(.)/g, '$1') : written;
}
