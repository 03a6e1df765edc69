import { globSync } from 'node:fs';
import { type Figure, printFigures } from './figure.ts';

/** `npm run bench -- NAME`: runs `bench/NAME.ts`, which exports `measure`, and prints its figures. */
const names = globSync('*.ts', { cwd: import.meta.dirname })
  .map((file) => file.replace(/\.ts$/, ''))
  .filter((name) => name !== 'main' && name !== 'figure')
  .toSorted();
const [name] = process.argv.slice(2);

if (name === undefined || !names.includes(name)) {
  process.stderr.write(`Usage: npm run bench -- NAME\nNames: ${names.join(', ')}\n`);
  process.exitCode = 2;
} else {
  const { measure } = (await import(`./${name}.ts`)) as { measure: () => Promise<readonly Figure[]> };
  printFigures(await measure());
}
