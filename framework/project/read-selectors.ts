import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { checkShape } from './check-shape.ts';
import { parseYaml } from './parse-yaml.ts';
import { readText } from './read-file.ts';
import { type NamedSelector, SelectorsFile } from './selectors-file.ts';

/** Reads selectors.yaml; nothing where there is none, or after reporting. */
export function readSelectors(dir: string, diagnostics: Diagnostics): readonly NamedSelector[] {
  const file = 'selectors.yaml';
  if (!existsSync(join(dir, file))) return [];
  const text = readText(dir, file, diagnostics);
  const document = text === null ? null : parseYaml(text, file, diagnostics);
  return (document && checkShape(SelectorsFile, document.value, document, diagnostics))?.selectors ?? [];
}
