import { resolve } from 'node:path';
import type { ObjectsConfig } from '../project/target-config.ts';
import type { ObjectStore } from './objects.ts';
import { FilesystemObjects } from './objects-filesystem.ts';

/** Opens a target's object store; a folder is rid of what dead processes left in it. The first use throws OBJECTS_UNREACHABLE if it must. */
export async function openObjects(config: ObjectsConfig, { projectDir }: { projectDir: string }): Promise<ObjectStore> {
  if (config.type === 'filesystem') {
    const objects = new FilesystemObjects(resolve(projectDir, config.path));
    await objects.sweep();
    return objects;
  }
  const { S3Objects } = await import('./objects-s3.ts');
  return new S3Objects(config);
}
