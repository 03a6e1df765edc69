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
