import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Diagnostics } from '../foundation/diagnostics.ts';
import type { Location } from '../foundation/location.ts';
import { parseYaml, type YamlPath } from '../project/parse-yaml.ts';

/** Places in a YAML file, which is read once more for them; `otherwise` where it cannot be read. */
export function placesIn(file: string, projectDir: string, otherwise: Location): (path: YamlPath) => Location {
  try {
    const document = parseYaml(readFileSync(join(projectDir, file), 'utf8'), file, new Diagnostics());
    return (path) => document?.at(path) ?? otherwise;
  } catch {
    return () => otherwise; // gone since the project was read
  }
}
