import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runOffline } from '../../framework/check/unit-tests/run-offline.ts';
import { genericTests } from '../../framework/manifest/generic-tests/index.ts';
import { loadManifest } from '../../framework/manifest/load-manifest.ts';
import { materializations } from '../../framework/materializations/index.ts';
import { outcome } from '../support/unit-tests.ts';

test("the unit tests of this repository's own models pass", async () => {
  const dir = join(import.meta.dirname, '../..');
  const builtins = { materializations, genericTests };
  const { project, manifest } = await loadManifest({ dir, env: process.env, target: 'dev', vars: {}, builtins, cacheDir: null });
  const tests = [...manifest.nodes.values()].filter((node) => node.kind === 'unit_test');

  const results = await runOffline(tests, { project, manifest, width: 120 });

  assert.ok(tests.length >= 20);
  assert.deepEqual(
    results.map(outcome).filter((text) => text !== 'pass'),
    [],
  );
});
