import { join } from 'node:path';
import type { Manifest } from '../manifest/manifest.ts';
import { maskerOf } from '../manifest/mask-secrets.ts';
import { replaceFile } from './replace-file.ts';

export interface ArtifactPlace {
  /** The folder that gets the files, usually `target/` of the project. */
  readonly targetDir: string;
  /** Masks the secrets of the target in a text; every text that is written passes through it. */
  readonly redact: (text: string) => string;
}

/** Writes files of a project's target folder, each in one step and without secrets. */
export function artifactWriter(manifest: Manifest, { targetDir, redact }: ArtifactPlace): (file: string, text: string) => Promise<void> {
  const mask = maskerOf(manifest);
  return (file, text) => replaceFile(join(targetDir, file), redact(mask(text)));
}
