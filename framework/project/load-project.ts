import type { Diagnostics } from '../foundation/diagnostics.ts';
import { boundYoungSpace } from './bound-young-space.ts';
import type { Env } from './expand-env.ts';
import { findFixtures } from './find-fixtures.ts';
import { checkFolders } from './folder-config.ts';
import { gatherFiles } from './gather-files.ts';
import { hashNamedFiles } from './hash-named-files.ts';
import { importHelpers } from './import-helpers.ts';
import { ModelConfig } from './model-config.ts';
import { isCacheable, ParseCache } from './parse-cache.ts';
import type { FileContent } from './parse-file.ts';
import { parseFiles } from './parse-files.ts';
import type { Project } from './project.ts';
import { type FoundFile, findProjectFiles } from './project-files.ts';
import { readProjectFile } from './read-project-file.ts';
import { readSelectors } from './read-selectors.ts';
import { parserVersion } from './sealed-file.ts';
import { TestConfig } from './test-config.ts';

export interface ProjectOptions {
  readonly dir: string;
  readonly env: Env;
  /** null: the one project.yaml names. */
  readonly target: string | null;
  /** Win over those of project.yaml. */
  readonly vars: Readonly<Record<string, unknown>>;
  /** Where what was parsed is kept for the next time; null keeps nothing. */
  readonly cacheDir: string | null;
}

/**
 * Reads and checks every file of a project. Mistakes go to `diagnostics` and the rest is read all the same;
 * null only where project.yaml itself cannot be used. Throws TARGET_NOT_FOUND.
 */
export async function loadProject(options: ProjectOptions, diagnostics: Diagnostics): Promise<Project | null> {
  const version = parserVersion();
  const root = await readProjectFile(options, version, diagnostics);
  const files = findProjectFiles(options.dir, diagnostics);
  const contents = await readContents(files, options, version, diagnostics);
  boundYoungSpace(); // what was read from the cache may have made it grow
  const imported = await importHelpers(files, options.dir, diagnostics);
  const selectors = await readSelectors(options.dir, diagnostics);
  if (!root) return null;
  const project = {
    ...root,
    dir: options.dir,
    env: options.env,
    vars: { ...root.vars, ...options.vars },
    ...gatherFiles(contents, diagnostics),
    ...imported,
    fixtures: findFixtures(files),
    selectors,
  };
  checkFolderNames(project, diagnostics);
  return { ...project, codeHashes: hashNamedFiles(project, diagnostics) };
}

/** What the files declare, sorted by path. Unchanged files come from the cache; the others are parsed and kept. */
async function readContents(
  found: readonly FoundFile[],
  { dir, env, cacheDir }: ProjectOptions,
  version: string,
  diagnostics: Diagnostics,
): Promise<ReadonlyMap<string, FileContent>> {
  const files = found.filter(({ role }) => role !== 'helper' && role !== 'fixture');
  const cache = ParseCache.read(cacheDir, version);
  const contents = new Map<string, FileContent>();
  for (const { file } of files) {
    const content = cache.find(dir, file);
    if (content) contents.set(file, content);
  }
  const unchanged = [...contents.keys()];
  const parsed = await parseFiles(
    dir,
    files.filter(({ file }) => !contents.has(file)),
    env,
  );
  for (const { file, content, errors } of parsed) {
    if (content) contents.set(file, content);
    for (const error of errors) diagnostics.report(error);
  }
  if (parsed.some(isCacheable) || cache.hasOthers(new Set(unchanged))) cache.write(unchanged, parsed);
  return new Map(
    files.flatMap(({ file }) => {
      const content = contents.get(file);
      return content ? [[file, content] as const] : [];
    }),
  );
}

/** Reports names in the trees of project.yaml that are neither config nor folder. Generic tests go by the folders of their nodes. */
function checkFolderNames(
  { folderConfigs, models, seeds, singularTests }: Pick<Project, 'folderConfigs' | 'models' | 'seeds' | 'singularTests'>,
  diagnostics: Diagnostics,
): void {
  const modelKeys = Object.keys(ModelConfig.shape);
  if (folderConfigs.models.folders.size > 0) checkFolders(folderConfigs.models, 'models', pathsOf(models), modelKeys, diagnostics);
  if (folderConfigs.seeds.folders.size > 0) checkFolders(folderConfigs.seeds, 'sources/seeds', pathsOf(seeds), modelKeys, diagnostics);
  if (folderConfigs.tests.folders.size === 0) return;
  checkFolders(folderConfigs.tests, 'tests/data', pathsOf([...singularTests, ...models]), Object.keys(TestConfig.shape), diagnostics);
}

/** The paths of files and of the folders above them, below their kind's folder: `marts`, `marts/genre`, `marts/genre/top`. */
function pathsOf(files: readonly { readonly folders: readonly string[]; readonly name: string }[]): ReadonlySet<string> {
  const paths = files.map(({ folders, name }) => [...folders, name]);
  return new Set(paths.flatMap((path) => path.map((_part, index) => path.slice(0, index + 1).join('/'))));
}
