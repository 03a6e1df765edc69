const placeholder = /\{([a-z][a-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\}/g;

/** The names between braces in a template, in their order: `{handle}`, `{record.profile_id}`. Other braces are text. */
export function placeholdersOf(template: string): readonly string[] {
  return [...template.matchAll(placeholder)].map(([, name = '']) => name);
}

/**
 * A template with the values of its placeholders, each as `write` puts it; null where one of them has none.
 * A list is its items joined by commas.
 */
export function fillTemplate(
  template: string,
  lookUp: (name: string) => unknown,
  write: (text: string, name: string) => string = (text) => text,
): string | null {
  let isComplete = true;
  const filled = template.replaceAll(placeholder, (_match, name: string) => {
    const value = lookUp(name) ?? null;
    if (value === null) isComplete = false;
    return value === null ? '' : write(textOf(value), name);
  });
  return isComplete ? filled : null;
}

/** A value as it stands in an address or a key. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Every text within a value of YAML, and where it stands there. */
export function* textsOf(value: unknown): Generator<[(string | number)[], string]> {
  if (typeof value === 'string') yield [[], value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    for (const [path, text] of textsOf(item)) yield [[Array.isArray(value) ? Number(key) : key, ...path], text];
  }
}
