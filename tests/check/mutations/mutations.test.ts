import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckEngine } from '../../../framework/check/check-engine.ts';
import { projectFolder } from '../../support/cli.ts';
import { checkFiles } from './check-files.ts';
import type { Fault } from './fault.ts';
import { faultsOfNames } from './faults-of-names.ts';
import { faultsOfTypes } from './faults-of-types.ts';
import { shop } from './shop.ts';

const corpus = [...faultsOfNames, ...faultsOfTypes];

test('of the seeded mistakes at least 98 in 100 are told at their line, and of a valid project nothing', async (context) => {
  await using engine = await openCheckEngine();
  using folder = projectFolder({});
  const clean = await checkFiles(prefixed(shop, 'clean_'), folder.dir, engine);
  assert.deepEqual(clean, []);

  const missed: string[] = [];
  for (const [index, fault] of corpus.entries()) {
    const files = withFault(fault);
    const place = expectedPlace(fault, files);
    const told = await checkFiles(prefixed(files, `f${index}_`), folder.dir, engine);
    if (!told.some((line) => line.startsWith(`${place} `))) missed.push(`${fault.kind} (${place}): ${told.join(' | ') || 'nothing'}`);
  }

  for (const line of missed) context.diagnostic(`missed: ${line}`);
  const share = 1 - missed.length / corpus.length;
  context.diagnostic(
    `${corpus.length} mistakes of ${new Set(corpus.map(({ kind }) => kind)).size} kinds, ${(share * 100).toFixed(1)} % told at their line`,
  );
  assert.ok(corpus.length >= 200);
  assert.ok(share >= 0.98, missed.join('\n'));
});

function prefixed(files: Readonly<Record<string, string>>, prefix: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(files).map(([file, text]) => [file, text.replaceAll('@', prefix)]));
}

function withFault({ file, find, put }: Fault): Readonly<Record<string, string>> {
  const text = shop[file] ?? '';
  assert.equal(text.split(find).length, 2, `${file} holds '${find}' once`);
  return { ...shop, [file]: text.replace(find, () => put) };
}

/** `file:line`. */
function expectedPlace({ file, find, at }: Fault, files: Readonly<Record<string, string>>): string {
  const place = at ?? { file, text: null };
  const text = place.text === null ? (shop[file] ?? '') : (files[place.file] ?? '');
  const offset = text.indexOf(place.text ?? find);
  assert.ok(offset >= 0, `${place.file} holds '${place.text}'`);
  return `${place.file}:${text.slice(0, offset).split('\n').length}`;
}
