import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { boundYoungSpace } from './bound-young-space.ts';
import { checkNamedFiles } from './check-named-files.ts';
import { checkShape } from './check-shape.ts';
import { type Env, expandEnv } from './expand-env.ts';
import { findFixtures } from './find-fixtures.ts';
import { checkFolders, readFolderConfig } from './folder-config.ts';
import { gatherFiles } from './gather-files.ts';
import { importHelpers } from './import-helpers.ts';
import { ModelConfig } from './model-config.ts';
import { isCacheable, ParseCache } from './parse-cache.ts';
import type { FileContent } from './parse-file.ts';
import { parseFiles } from './parse-files.ts';
import { type ParsedYaml, parseYaml } from './parse-yaml.ts';
import type { Project } from './project.ts';
import { ProjectFile } from './project-file.ts';
import { type FoundFile, findProjectFiles } from './project-files.ts';
import { readText } from './read-file.ts';
import { readSelectors } from './read-selectors.ts';
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
  const root = readProjectFile(options, diagnostics);
  const files = findProjectFiles(options.dir, diagnostics);
  const contents = await readContents(files, options, diagnostics);
  boundYoungSpace(); // what was read from the cache may have made it grow
  const imported = await importHelpers(files, options.dir, diagnostics);
  const selectors = readSelectors(options.dir, diagnostics);
  if (!root) return null;
  const project: Project = {
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
  checkNamedFiles(project, diagnostics);
  return project;
}

type Root = Pick<Project, 'name' | 'version' | 'targetName' | 'target' | 'vars' | 'folderConfigs' | 'rules'>;

function readProjectFile({ dir, env, target: asked }: ProjectOptions, diagnostics: Diagnostics): Root | null {
  const text = readText(dir, 'project.yaml', diagnostics);
  const document = text === null ? null : parseYaml(text, 'project.yaml', diagnostics);
  if (!document) return null;
  const name = chooseTarget(document, asked);
  if (name !== null) document.expand(expandEnv(env, diagnostics), ['targets', name]);
  const read = checkShape(ProjectFile, document.value, document, diagnostics);
  if (!read) return null;
  const target = name === null ? undefined : read.targets[name];
  if (name === null || !target) {
    const message = 'project.yaml declares no target.';
    diagnostics.report(new GccflowError('VALUE_INVALID', message, { at: document.at(['targets']), hint: 'Add `targets: { dev: {} }`.' }));
    return null;
  }
  return {
    name: read.name,
    version: read.version,
    targetName: name,
    target,
    vars: read.vars,
    rules: read.rules.map((rule, index) => ({ rule, at: document.at(['rules', index, 'rule']) })),
    folderConfigs: {
      models: readFolderConfig(ModelConfig, read.models, document, ['models'], diagnostics),
      seeds: readFolderConfig(ModelConfig, read.seeds, document, ['seeds'], diagnostics),
      tests: readFolderConfig(TestConfig, read.tests, document, ['tests'], diagnostics),
    },
  };
}

/** The asked-for target, else the default, else the first; null where there is none. */
function chooseTarget(document: ParsedYaml, asked: string | null): string | null {
  const value = document.value as { target?: unknown; targets?: unknown } | null;
  const names = value?.targets !== null && typeof value?.targets === 'object' ? Object.keys(value.targets) : [];
  const name = asked ?? (typeof value?.target === 'string' ? value.target : (names[0] ?? null));
  if (name === null || names.includes(name)) return name;
  const hint = didYouMean(name, names) ?? `Targets of this project: ${names.join(', ') || 'none'}.`;
  const at = asked === null ? document.at(['target']) : undefined;
  throw new GccflowError('TARGET_NOT_FOUND', `The target '${name}' is not in project.yaml.`, { at, hint });
}

/** What the files declare, sorted by path. Unchanged files come from the cache; the others are parsed and kept. */
async function readContents(
  found: readonly FoundFile[],
  { dir, env, cacheDir }: ProjectOptions,
  diagnostics: Diagnostics,
): Promise<ReadonlyMap<string, FileContent>> {
  const files = found.filter(({ role }) => role !== 'helper' && role !== 'fixture');
  const cache = ParseCache.read(cacheDir);
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
function checkFolderNames({ folderConfigs, models, seeds, singularTests }: Project, diagnostics: Diagnostics): void {
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
