const wildcards = /[*?[\]]/;

export function hasWildcard(pattern: string): boolean {
  return wildcards.test(pattern);
}

/** Whether a whole text fits `pattern`: `*` any text, `?` one character, `[abc]` one of these, `[!abc]` none of these. */
export function matcher(pattern: string): (text: string) => boolean {
  if (!hasWildcard(pattern)) return (text) => text === pattern;
  const expression = new RegExp(`^${toExpression(pattern, '.')}$`, 'su');
  return (text) => expression.test(text);
}

/** Whether a file or a folder above it fits `pattern`. `*` stays within a folder, `**` crosses them. */
export function pathMatcher(pattern: string): (file: string) => boolean {
  const trimmed = pattern.replace(/^\.\//, '').replace(/\/+$/, '');
  if (trimmed === '.' || trimmed === '') return () => true;
  const body = trimmed
    .split('/')
    .map((segment) => (segment === '**' ? '(?:[^/]+/)*' : `${toExpression(segment, '[^/]')}/`))
    .join('');
  const expression = new RegExp(`^${body}`, 'su');
  return (file) => expression.test(`${file}/`);
}

function toExpression(pattern: string, anyCharacter: string): string {
  return pattern.replace(/\[(!?)(\]?[^\]]*)\]|[\s\S]/gu, (token, negated: string | undefined, set: string | undefined) => {
    if (token === '*') return `${anyCharacter}*`;
    if (token === '?') return anyCharacter;
    if (set !== undefined && set !== '') return `[${negated ? '^' : ''}${set.replace(/[\\^[\]]/g, '\\$&')}]`;
    return token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  });
}
