import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { genericTests } from '../../framework/manifest/generic-tests/index.ts';
import { loadManifest } from '../../framework/manifest/load-manifest.ts';
import { materializations } from '../../framework/materializations/index.ts';

/** The manifest of a project given as file → text. Relations are in `database`; project.yaml is made up where it is not given. */
export async function manifestOf(files: Readonly<Record<string, string>>, database = 'dbt') {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-project-'));
  const project = `name: shop\ntarget: dev\ntargets: { dev: { warehouse: { type: embedded, database: ${database} } } }\n`;
  try {
    for (const [file, text] of Object.entries({ 'project.yaml': project, ...files })) {
      mkdirSync(dirname(join(dir, file)), { recursive: true });
      writeFileSync(join(dir, file), text);
    }
    return await loadManifest({ dir, env: {}, target: null, vars: {}, builtins: { materializations, genericTests }, cacheDir: null });
  } finally {
    rmSync(dir, { recursive: true });
  }
}
