import { isDeepStrictEqual } from 'node:util';
import { Diagnostics } from '../foundation/diagnostics.ts';
import { expandEnv } from './expand-env.ts';
import { formatKeptRoot, type KeptRoot, parseKeptRoot } from './kept-root.ts';
import type { ProjectOptions } from './load-project.ts';
import type { Root } from './parse-project-file.ts';
import { readText } from './read-file.ts';
import { readSealedFile, writeSealedFile } from './sealed-file.ts';

/**
 * Reads and checks project.yaml; null after reporting. Throws TARGET_NOT_FOUND.
 * What an earlier run made of the same text is taken from the cache, unless the target reads the environment: loading what reads YAML
 * takes 40 ms, a fifth of a start.
 */
export async function readProjectFile(options: ProjectOptions, version: string, diagnostics: Diagnostics): Promise<Root | null> {
  const { dir, env, target, cacheDir } = options;
  const text = readText(dir, 'project.yaml', diagnostics);
  if (text === null) return null;
  const cache = cacheDir === null ? null : { dir: cacheDir, name: 'project-cache.json', version };
  const [knownText, ...lines] = (cache && readSealedFile(cache)) ?? [];
  const kept: KeptRoot[] = knownText === JSON.stringify(text) ? lines.map(parseKeptRoot) : [];
  const known = kept.find(({ asked }) => asked === target);
  if (known) return known.root;

  const { parseProjectFile } = await import('./parse-project-file.ts');
  const own = new Diagnostics();
  const expand = expandEnv(env, own);
  let readsEnv = false;
  const root = parseProjectFile(
    text,
    target,
    (value, at) => {
      readsEnv = true;
      return expand(value, at);
    },
    own,
  );
  for (const error of own.errors) diagnostics.report(error);
  if (cache === null || root === null || readsEnv || own.errors.length > 0) return root;
  const line = formatKeptRoot({ asked: target, root });
  if (isDeepStrictEqual(parseKeptRoot(line).root, root)) writeSealedFile(cache, [JSON.stringify(text), ...kept.map(formatKeptRoot), line]);
  return root;
}
