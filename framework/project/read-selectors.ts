import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { checkShape } from './check-shape.ts';
import { readText } from './read-file.ts';
import type { NamedSelector } from './selectors-file.ts';

/** Reads selectors.yaml; nothing where there is none, or after reporting. */
export async function readSelectors(dir: string, diagnostics: Diagnostics): Promise<readonly NamedSelector[]> {
  const file = 'selectors.yaml';
  if (!existsSync(join(dir, file))) return [];
  const { parseYaml } = await import('./parse-yaml.ts');
  const { SelectorsFile } = await import('./selectors-file.ts');
  const text = readText(dir, file, diagnostics);
  const document = text === null ? null : parseYaml(text, file, diagnostics);
  return (document && checkShape(SelectorsFile, document.value, document, diagnostics))?.selectors ?? [];
}
