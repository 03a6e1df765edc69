import { Diagnostics } from '../foundation/diagnostics.ts';
import type { Builtins } from '../project/builtins.ts';
import { loadProject, type ProjectOptions } from '../project/load-project.ts';
import type { Project } from '../project/project.ts';
import { buildManifest } from './build-manifest.ts';
import type { Manifest } from './manifest.ts';

export interface LoadOptions extends ProjectOptions {
  readonly builtins: Builtins;
}

/** Reads a project and joins it into one graph. Throws InvalidProject with every mistake in it, and TARGET_NOT_FOUND. */
export async function loadManifest(options: LoadOptions): Promise<{ project: Project; manifest: Manifest }> {
  const diagnostics = new Diagnostics();
  const project = await loadProject(options, diagnostics);
  const manifest = project && buildManifest(project, options.builtins, diagnostics);
  diagnostics.throwIfAny();
  if (!project || !manifest) throw new Error('A project without a mistake was not loaded.');
  return { project, manifest };
}
