/** A ClickHouse type as a tree: `Array(Nullable(String))` is Array of [Nullable of [String of []]]. */
export interface ClickHouseType {
  readonly name: string;
  /** What stands between the parentheses, split at top-level commas. */
  readonly args: readonly string[];
}

/** Reads a type as DESCRIBE prints it. */
export function parseClickHouseType(text: string): ClickHouseType {
  const open = text.indexOf('(');
  if (open < 0) return { name: text.trim(), args: [] };
  return { name: text.slice(0, open).trim(), args: splitArguments(text.slice(open + 1, text.lastIndexOf(')'))) };
}

function splitArguments(text: string): string[] {
  const args: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === "'" || character === '`') index = endOfQuoted(text, index, character);
    else if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === ',' && depth === 0) {
      args.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  return [...args, text.slice(start).trim()];
}

function endOfQuoted(text: string, start: number, quote: string): number {
  let index = start + 1;
  while (index < text.length && text[index] !== quote) index += text[index] === '\\' ? 2 : 1;
  return index;
}
