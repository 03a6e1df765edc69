import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckEngine } from '../../../framework/check/check-engine.ts';
import { projectFolder } from '../../support/cli.ts';
import { checkFiles } from '../mutations/check-files.ts';
import { dialect } from './dialect.ts';
import { store } from './store.ts';
import { web } from './web.ts';

for (const [name, files] of Object.entries({ web, store, dialect })) {
  test(`nothing is found in the valid project '${name}'`, async () => {
    await using engine = await openCheckEngine();
    using folder = projectFolder({});

    assert.deepEqual(await checkFiles(files, folder.dir, engine), []);
  });
}

test('nothing is found in a project with lines that end as Windows has them', async () => {
  await using engine = await openCheckEngine();
  using folder = projectFolder({});
  const files = Object.fromEntries(Object.entries(store).map(([file, text]) => [file, text.replaceAll('\n', '\r\n')]));

  assert.deepEqual(await checkFiles(files, folder.dir, engine), []);
});
