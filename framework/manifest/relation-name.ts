/** What a text outside SQL names: a model or seed, or a source table. */
export type RelationName =
  | { readonly kind: 'ref'; readonly name: string }
  | { readonly kind: 'source'; readonly source: string; readonly table: string };

/** Reads `mart_post`, `beat.profile`, `{{ref "mart_post"}}`, `ref('mart_post')` or `{{source "beat" "profile"}}`. */
export function parseRelationName(text: string): RelationName {
  const quoted = [...text.matchAll(/"([^"]*)"|'([^']*)'/g)].map(([, double, single]) => double ?? single ?? '');
  const [first, second] = quoted;
  if (/^\s*(\{\{\s*)?ref\b/.test(text) && first !== undefined) return { kind: 'ref', name: first };
  if (/^\s*(\{\{\s*)?source\b/.test(text) && first !== undefined && second !== undefined)
    return { kind: 'source', source: first, table: second };
  const dot = text.indexOf('.');
  return dot < 0 ? { kind: 'ref', name: text } : { kind: 'source', source: text.slice(0, dot), table: text.slice(dot + 1) };
}
