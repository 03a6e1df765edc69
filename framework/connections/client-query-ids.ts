/**
 * The engine gives statements ids of its own; the client's stands in a comment before the text. A KILL, or a look at
 * `system.processes`, that a client sends is turned to see the client's ids and texts.
 */
const clientId = `extract(query, '^/\\\\* gccflow query_id=(.*?) \\\\*/')`;
const processes = `(select * replace (if(${clientId} = '', query_id, ${clientId}) as query_id, replaceRegexpOne(query, '^/\\\\* gccflow query_id=.*? \\\\*/ ', '') as query) from system.processes)`;

export function withClientQueryIds(sql: string): string {
  if (/^\s*kill\s+query\b/i.test(sql)) return sql.replace(/\bquery_id\b(?=\s*(?:=|!=|in\b|not\b|like\b))/gi, clientId);
  return sql.replace(/\b(from|join)\s+system\.processes\b/gi, (_, word: string) => `${word} ${processes}`);
}
