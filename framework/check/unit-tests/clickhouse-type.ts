/** A type in its parts: `Map(String, Array(UInt8))` is Map of String and Array. */
export interface TypeParts {
  readonly name: string;
  /** What stands between the brackets, each as it is written. */
  readonly arguments: readonly string[];
}

/** Takes a type of ClickHouse apart. Brackets and commas in quotes, as in `Enum8('a,b' = 1)`, separate nothing. */
export function typeParts(type: string): TypeParts {
  const open = type.indexOf('(');
  if (open < 0 || !type.endsWith(')')) return { name: type, arguments: [] };
  const inner = type.slice(open + 1, -1);
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const { 0: token, index } of inner.matchAll(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[(),]/g)) {
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (token !== ',' || depth > 0) continue;
    parts.push(inner.slice(from, index).trim());
    from = index + 1;
  }
  return { name: type.slice(0, open), arguments: [...parts, inner.slice(from).trim()] };
}

/** The type without what says only how it is kept or that it may be NULL. */
export function bareType(type: string): { readonly type: string; readonly isNullable: boolean } {
  const {
    name,
    arguments: [inner = ''],
  } = typeParts(type);
  if (name === 'Nullable') return { type: inner, isNullable: true };
  if (name === 'LowCardinality') return bareType(inner);
  return { type, isNullable: /^(Nothing|Variant|Dynamic|JSON)\b/.test(type) };
}
