import { genericTests } from '../../framework/manifest/generic-tests/index.ts';
import { loadManifest } from '../../framework/manifest/load-manifest.ts';
import { materializations } from '../../framework/materializations/index.ts';

/** The project of a folder and its graph. Throws InvalidProject. */
export function loadProjectIn(dir: string) {
  return loadManifest({ dir, env: {}, target: null, vars: {}, builtins: { materializations, genericTests }, cacheDir: null });
}
