import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InvalidProject } from '../../framework/foundation/diagnostics.ts';
import { GccflowError } from '../../framework/foundation/error.ts';
import { formatLocation } from '../../framework/foundation/location.ts';
import { genericTests } from '../../framework/manifest/generic-tests/index.ts';
import { type LoadOptions, loadManifest, readManifest } from '../../framework/manifest/load-manifest.ts';
import { materializations } from '../../framework/materializations/index.ts';

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A project's folder, for tests of loading; gone at the end of the scope. */
export interface ProjectDir extends Disposable {
  readonly dir: string;
  write(files: Files): void;
  load(options?: Partial<LoadOptions>): ReturnType<typeof loadManifest>;
  /** The project with its mistakes. */
  read(options?: Partial<LoadOptions>): ReturnType<typeof readManifest>;
  /** The mistakes that loading reports, as `CODE file:line:column message | hint`. */
  mistakes(options?: Partial<LoadOptions>): Promise<string[]>;
}

/** A folder with these files, and a small project.yaml where they hold none. */
export function projectDir(files: Files): ProjectDir {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-load-'));
  const builtins = { materializations, genericTests };
  const optionsWith = (options: Partial<LoadOptions> = {}) => ({
    dir,
    env: {},
    target: null,
    vars: {},
    builtins,
    cacheDir: null,
    ...options,
  });
  const load = (options?: Partial<LoadOptions>) => loadManifest(optionsWith(options));
  const write = (more: Files): void => {
    for (const [file, content] of Object.entries(more)) {
      mkdirSync(dirname(join(dir, file)), { recursive: true });
      writeFileSync(join(dir, file), content);
    }
  };
  write({ 'project.yaml': 'name: shop\ntargets: { dev: {} }\n', ...files });
  return {
    dir,
    write,
    load,
    read: (options) => readManifest(optionsWith(options)),
    async mistakes(options) {
      try {
        await load(options);
      } catch (error) {
        if (error instanceof InvalidProject) return error.errors.map(describe);
        if (error instanceof GccflowError) return [describe(error)];
        throw error;
      }
      return [];
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function describe({ code, at, message, hint }: GccflowError): string {
  return `${code} ${at ? formatLocation(at) : '-'} ${message}${hint === undefined ? '' : ` | ${hint}`}`;
}
