import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, printFigures } from './support/figure.ts';

/** Other tools that a benchmark measures gccflow beside are installed at their first use, by `bench/package-lock.json`. */
const withPeers = ['scrape', 'limits'];

/** `npm run bench -- NAME`: runs `bench/NAME.ts`, which exports `measure`, and prints its figures. */
const names = globSync('*.ts', { cwd: import.meta.dirname })
  .map((file) => file.replace(/\.ts$/, ''))
  .filter((name) => name !== 'main')
  .toSorted();
const [name] = process.argv.slice(2);

if (name === undefined || !names.includes(name)) {
  process.stderr.write(`Usage: npm run bench -- NAME\nNames: ${names.join(', ')}\n`);
  process.exitCode = 2;
} else {
  if (withPeers.includes(name) && !existsSync(join(import.meta.dirname, 'node_modules')))
    execFileSync('npm', ['ci', '--prefix', import.meta.dirname], { stdio: ['ignore', 'ignore', 'inherit'] });
  const { measure } = (await import(`./${name}.ts`)) as { measure: () => Promise<readonly Figure[]> };
  printFigures(await measure());
}
