import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorCodes } from '../../framework/foundation/error-codes.ts';

const root = join(import.meta.dirname, '../..');
const codes = Object.keys(errorCodes);

test('errors.md has one paragraph for each code, in the order of the registry, all in one form', () => {
  const [, ...sections] = readFileSync(join(root, 'framework/foundation/errors.md'), 'utf8').split(/^## /m);

  assert.deepEqual(
    sections.map((section) => section.split('\n', 1)[0]),
    codes,
  );
  for (const section of sections) assert.match(section, /^[A-Z_]+\n\n\S.*[.)]\n*$/, section);
});

test('every code is provoked by a test that names it', () => {
  const files = globSync('tests/**/*.test.ts', { cwd: root }).filter((file) => !file.includes('error-codes'));
  const text = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');

  assert.deepEqual(
    codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(text)),
    [],
  );
});
