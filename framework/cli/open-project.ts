import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Diagnostics, InvalidProject } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { genericTests } from '../manifest/generic-tests/index.ts';
import { type ReadManifest, readManifest } from '../manifest/load-manifest.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { materializations } from '../materializations/index.ts';
import { findProjectDir } from '../project/find-project.ts';
import type { Project } from '../project/project.ts';
import type { CommandContext, Values } from './command.ts';
import type { OpenState } from './open-state.ts';
import type { EverywhereOptions } from './options.ts';

export interface OpenProject {
  readonly project: Project;
  readonly manifest: Manifest;
  /** What --state names; null where it is not given. */
  readonly state: OpenState | null;
}

type OpenValues = Values<Pick<EverywhereOptions, 'project-dir' | 'target' | 'vars'>> & { readonly state?: string | undefined };
type OpenContext = Pick<CommandContext, 'cwd' | 'env' | 'secrets' | 'log'>;

/** Loads the project that the flags name, or the one around the current folder. From then on its secrets are masked. Throws InvalidProject. */
export async function openProject(values: OpenValues, context: OpenContext): Promise<OpenProject> {
  const { mistakes, ...opened } = await openProjectAsIs(values, context);
  if (mistakes.length > 0) throw new InvalidProject(mistakes);
  return opened;
}

/** The same of a project that may have mistakes. Throws InvalidProject where its project.yaml cannot be used. */
export async function openProjectAsIs(
  values: OpenValues,
  { cwd, env, secrets, log }: OpenContext,
): Promise<OpenProject & Pick<ReadManifest, 'mistakes'>> {
  const dir = locateProject(cwd, values['project-dir']);
  const opened = await readManifest({
    dir,
    env,
    target: values.target ?? null,
    vars: await parseVars(values.vars),
    builtins: { materializations, genericTests },
    cacheDir: join(dir, '.gccflow', 'cache'),
  });
  secrets.addTarget(opened.project.target);
  secrets.addNamed(opened.manifest);
  secrets.addStreams(opened.manifest.nodes.values());
  if (values.state === undefined) return { ...opened, state: null };
  const { openState } = await import('./open-state.ts');
  return { ...opened, state: openState(values.state, opened.project, { cwd, log }) };
}

/** The project's folder. Throws PROJECT_NOT_FOUND. */
export function locateProject(cwd: string, projectDir: string | undefined): string {
  if (projectDir === undefined) return findProjectDir(cwd);
  const dir = resolve(cwd, projectDir);
  if (existsSync(join(dir, 'project.yaml'))) return dir;
  throw new GccflowError('PROJECT_NOT_FOUND', `The folder '${projectDir}' holds no project.yaml.`, {
    hint: '--project-dir names the folder that project.yaml is in.',
  });
}

/** The map that --vars holds, in YAML or JSON. Throws USAGE. */
export async function parseVars(text: string | undefined): Promise<Readonly<Record<string, unknown>>> {
  if (text === undefined) return {};
  const { parseYaml } = await import('../project/parse-yaml.ts');
  const diagnostics = new Diagnostics();
  const value = parseYaml(text, '--vars', diagnostics)?.value;
  const [mistake] = diagnostics.errors;
  if (!mistake && typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new GccflowError('USAGE', `'--vars' takes a map in YAML or JSON${mistake ? `: ${mistake.message}` : '.'}`, {
    hint: `Write for example --vars '{days: 7, region: in}'.`,
  });
}
