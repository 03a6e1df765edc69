import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { checkShape } from './check-shape.ts';
import { parseYaml } from './parse-yaml.ts';
import { type NamedSelector, SelectorsFile } from './selectors-file.ts';

/** Reads selectors.yaml; nothing where there is none, or after reporting. */
export function readSelectors(dir: string, diagnostics: Diagnostics): readonly NamedSelector[] {
  const file = 'selectors.yaml';
  if (!existsSync(join(dir, file))) return [];
  const document = parseYaml(readFileSync(join(dir, file), 'utf8'), file, diagnostics);
  return (document && checkShape(SelectorsFile, document.value, document, diagnostics))?.selectors ?? [];
}
