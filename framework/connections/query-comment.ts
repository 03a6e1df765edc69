/**
 * The comment that carries a statement's id where the engine gives statements ids of its own (the embedded one):
 * `system.processes` shows a statement with its text, so the comment finds it.
 */
export function queryComment(queryId: string): string {
  return `/* gccflow query_id=${queryId.replaceAll('*/', '* /')} */ `;
}

/** SQL that is true for the statement with that id, in `system.processes` of a server and of the embedded engine. */
export const isQuery = 'query_id = {query_id:String} or startsWith(query, {query_comment:String})';

export function queryParams(queryId: string): { readonly query_id: string; readonly query_comment: string } {
  return { query_id: queryId, query_comment: queryComment(queryId) };
}

/** SQL that is true for statements whose ids begin with a prefix, where `isQuery` is for one. */
export const hasQueryPrefix = 'startsWith(query_id, {query_prefix:String}) or startsWith(query, {comment_prefix:String})';

export function prefixParams(prefix: string): { readonly query_prefix: string; readonly comment_prefix: string } {
  return { query_prefix: prefix, comment_prefix: queryComment(prefix).trimEnd().slice(0, -2).trimEnd() };
}
