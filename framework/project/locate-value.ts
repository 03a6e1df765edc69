import { Diagnostics } from '../foundation/diagnostics.ts';
import { type Location, startOf } from '../foundation/location.ts';
import type { Places } from './check-shape.ts';
import { parseYaml } from './parse-yaml.ts';
import { readText } from './read-file.ts';

/**
 * The places of a YAML file of the project that has been loaded, read again when the first is asked for: those of each value of a long list
 * are not kept for the rare case that one is wrong. The file's beginning where it cannot be read any more.
 */
export function placesOf(dir: string, file: string): Places {
  let places: Places | null = null;
  const open = (): Places => {
    const diagnostics = new Diagnostics();
    const text = readText(dir, file, diagnostics);
    const document = text === null ? null : parseYaml(text, file, diagnostics);
    const start = (): Location => startOf(file);
    places ??= document ?? { at: start, keyAt: start };
    return places;
  };
  return { at: (path) => (places ?? open()).at(path), keyAt: (path) => (places ?? open()).keyAt(path) };
}
