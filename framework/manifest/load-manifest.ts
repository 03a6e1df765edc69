import { Diagnostics, InvalidProject } from '../foundation/diagnostics.ts';
import type { GccflowError } from '../foundation/error.ts';
import type { Builtins } from '../project/builtins.ts';
import { loadProject, type ProjectOptions } from '../project/load-project.ts';
import type { Project } from '../project/project.ts';
import { buildManifest } from './build-manifest.ts';
import { independentMistakes } from './independent-mistakes.ts';
import type { Manifest } from './manifest.ts';

export interface LoadOptions extends ProjectOptions {
  readonly builtins: Builtins;
}

/** A project as far as it could be read, and all that is wrong in its files and in its graph. */
export interface ReadManifest {
  readonly project: Project;
  readonly manifest: Manifest;
  readonly mistakes: readonly GccflowError[];
}

/** Reads a project and joins it into one graph. Throws InvalidProject with every mistake in it, and TARGET_NOT_FOUND. */
export async function loadManifest(options: LoadOptions): Promise<{ project: Project; manifest: Manifest }> {
  const { project, manifest, mistakes } = await readManifest(options);
  if (mistakes.length > 0) throw new InvalidProject(mistakes);
  return { project, manifest };
}

/** Reads a project that may have mistakes. Throws InvalidProject where project.yaml cannot be used, and TARGET_NOT_FOUND. */
export async function readManifest(options: LoadOptions): Promise<ReadManifest> {
  const diagnostics = new Diagnostics();
  const project = await loadProject(options, diagnostics);
  if (!project) throw new InvalidProject(independentMistakes(diagnostics.errors, options.dir));
  const manifest = buildManifest(project, options.builtins, diagnostics);
  return { project, manifest, mistakes: independentMistakes(diagnostics.errors, options.dir) };
}
