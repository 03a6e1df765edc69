import { quoteText } from '../../foundation/quote.ts';
import type { Manifest, NodeId } from '../../manifest/manifest.ts';
import type { Relation } from '../../manifest/relation.ts';
import { isToken, sqlTokens } from '../sql-tokens.ts';

/** SQL whose dictGet('db.name', …) and their like look into the dictionaries that stand for those of the project, as refs do. */
export function redirectDictionaries(sql: string, { nodes }: Manifest, relationOf: (id: NodeId) => Relation | undefined): string {
  if (!/\bdict[A-Z]/.test(sql)) return sql;
  const names = new Map<string, string>();
  for (const node of nodes.values()) {
    const relation = node.kind === 'model' && node.config.materialized === 'dictionary' ? relationOf(node.id) : undefined;
    if (relation && 'relation' in node)
      names.set(`${node.relation.database}.${node.relation.name}`, `${relation.database}.${relation.name}`);
  }
  const tokens = sqlTokens(sql);
  let redirected = '';
  let from = 0;
  for (const [index, token] of tokens.entries()) {
    const name = token.kind === 'text' ? names.get(token.value) : undefined;
    if (name === undefined || !isToken(tokens[index - 1], '(') || !/^dict[A-Z]/.test(tokens[index - 2]?.text ?? '')) continue;
    redirected += sql.slice(from, token.start) + quoteText(name, 'clickhouse');
    from = token.end;
  }
  return redirected + sql.slice(from);
}
