import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import { startOf } from '../foundation/location.ts';
import { checkShape } from './check-shape.ts';
import { type Env, expandEnv } from './expand-env.ts';
import { checkFolders, readFolderConfig } from './folder-config.ts';
import { ModelConfig } from './model-config.ts';
import { isCacheable, ParseCache } from './parse-cache.ts';
import { type FileContent, nameFile, templateOf } from './parse-file.ts';
import { parseFiles } from './parse-files.ts';
import { readBytes } from './parse-found-file.ts';
import { type ParsedYaml, parseYaml } from './parse-yaml.ts';
import type { Project, TestFile } from './project.ts';
import { ProjectFile } from './project-file.ts';
import { type FoundFile, findProjectFiles } from './project-files.ts';
import { readSelectors } from './read-selectors.ts';
import { TestConfig } from './test-config.ts';
import { userTest } from './user-test.ts';

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
  const files = findProjectFiles(options.dir);
  const contents = await readContents(files, options, diagnostics);
  const helpers = await importHelpers(files, options.dir, diagnostics);
  const selectors = readSelectors(options.dir, diagnostics);
  if (!root) return null;
  const project: Project = {
    ...root,
    dir: options.dir,
    env: options.env,
    vars: { ...root.vars, ...options.vars },
    ...gather(contents),
    helpers,
    selectors,
  };
  checkFolderNames(project, diagnostics);
  return project;
}

type Gathered = Pick<
  Project,
  'models' | 'seeds' | 'properties' | 'sources' | 'exposures' | 'syncs' | 'singularTests' | 'genericTests' | 'macros'
>;

/** Sorts what the files declare by its kind, and names it by its file. */
function gather(contents: ReadonlyMap<string, FileContent>): Gathered {
  const pick = <Kind extends FileContent['kind']>(kind: Kind) =>
    [...contents].flatMap(([file, content]) =>
      content.kind === kind ? [{ ...(content as Extract<FileContent, { kind: Kind }>), file }] : [],
    );
  const tests = (root: string) =>
    pick('test')
      .filter(({ file }) => file.startsWith(`${root}/`))
      .map((test): TestFile => ({ ...nameFile(test.file, root), template: templateOf(test.file, test.template), config: test.config }));
  const properties = pick('properties');
  return {
    models: pick('model').map((model) => ({
      ...nameFile(model.file, 'models'),
      template: templateOf(model.file, model.template),
      config: model.config,
    })),
    seeds: pick('seed').map(({ file, contentHash }) => ({ ...nameFile(file, 'sources/seeds'), contentHash })),
    properties: properties.flatMap((entry) => entry.properties),
    sources: pick('sources').flatMap(({ tables }) => tables),
    exposures: properties.flatMap(({ exposures }) => exposures),
    syncs: pick('sync').map(({ sync }) => sync),
    singularTests: tests('tests/data'),
    genericTests: new Map(tests('tests/generic').map((test) => [test.name, userTest(test)])),
    macros: pick('macro').map((macro) => ({ ...nameFile(macro.file, 'macros'), template: templateOf(macro.file, macro.template) })),
  };
}

type Root = Pick<Project, 'name' | 'version' | 'targetName' | 'target' | 'vars' | 'folderConfigs'>;

function readProjectFile({ dir, env, target: asked }: ProjectOptions, diagnostics: Diagnostics): Root | null {
  const document = parseYaml(readBytes(dir, 'project.yaml', diagnostics).toString('utf8'), 'project.yaml', diagnostics);
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
  const files = found.filter(({ role }) => role !== 'helper');
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

/** Every exported function of `macros/*.ts` is a helper. */
async function importHelpers(files: readonly FoundFile[], dir: string, diagnostics: Diagnostics): Promise<Project['helpers']> {
  const helpers = new Map<string, (...args: never[]) => unknown>();
  for (const { file } of files.filter(({ role }) => role === 'helper')) {
    try {
      const module: Record<string, unknown> = await import(pathToFileURL(join(dir, file)).href);
      for (const [name, value] of Object.entries(module)) {
        if (typeof value === 'function') helpers.set(name, value as (...args: never[]) => unknown);
      }
    } catch (error) {
      const message = `The helpers cannot be loaded: ${messageOf(error)}`;
      diagnostics.report(new GccflowError('FILE_UNREADABLE', message, { at: startOf(file), cause: error }));
    }
  }
  return helpers;
}

function checkFolderNames(project: Project, diagnostics: Diagnostics): void {
  const { models, seeds, tests } = project.folderConfigs;
  const nodes = { models: project.models, seeds: project.seeds, tests: project.singularTests };
  const known = (key: keyof typeof nodes): Set<string> =>
    new Set(nodes[key].flatMap(({ folders, name }) => [...folders, name].map((_part, index, path) => path.slice(0, index + 1).join('/'))));
  checkFolders(models, 'models', known('models'), Object.keys(ModelConfig.shape), diagnostics);
  checkFolders(seeds, 'sources/seeds', known('seeds'), Object.keys(ModelConfig.shape), diagnostics);
  checkFolders(tests, 'tests/data', known('tests'), Object.keys(TestConfig.shape), diagnostics);
}
