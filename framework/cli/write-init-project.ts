import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GccflowError } from '../foundation/error.ts';

const templates = fileURLToPath(new URL('./init-project', import.meta.url));

/** Writes the project of `init-project/` into an empty or new folder, named after it. Gives back the files. Throws USAGE. */
export function writeInitProject(cwd: string, folder: string): readonly string[] {
  const dir = resolve(cwd, folder);
  const there = existsSync(dir) ? readdirSync(dir).filter((name) => name !== '.git') : [];
  if (there.length > 0) {
    throw new GccflowError('USAGE', `The folder '${folder}' is not empty: it holds '${there[0]}'.`, {
      hint: 'Name a new folder: gccflow init my_project',
    });
  }
  const name = projectName(basename(dir));
  const files = globSync('**/*', { cwd: templates, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return files.toSorted().map((file) => {
    const path = file.slice(templates.length + 1).replace(/^gitignore$/, '.gitignore'); // packages leave out a file of that name
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), readFileSync(file, 'utf8').replaceAll('my_project', name));
    return path;
  });
}

/** Letters, digits and `_`, as project.yaml demands. */
function projectName(folder: string): string {
  const name = folder.replaceAll(/\W+/g, '_').replace(/^(?=\d)/, '_');
  return /[A-Za-z]/.test(name) ? name : 'my_project';
}
