import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Manifest } from '../../framework/manifest/manifest.ts';
import { factsOf } from '../../framework/plan/build-node-facts.ts';
import { readFactsCache, writeFactsCache } from '../../framework/run/facts-cache.ts';
import { projectDir } from '../support/project-dir.ts';

const files = {
  '.gccflow/cache/.keep': '',
  'macros/told.ts': 'export function told(x: number): number {\n  (globalThis as { told?: number[] }).told?.push(x);\n  return x;\n}\n',
  'models/a.sql': 'select {{told 1}} as x',
  'models/b.sql': 'select {{told 2}} as x from {{ref "a"}}',
};

/** What the templates told while the facts of all nodes were made. */
function toldBy(work: () => void): number[] {
  const told: number[] = [];
  Object.assign(globalThis, { told });
  work();
  Object.assign(globalThis, { told: undefined });
  return told;
}

const factsOfAll = (manifest: Manifest) => [...manifest.nodes.values()].map((node) => factsOf(manifest, node));

test('what was rendered by an earlier run is not rendered again, but for what changed', async () => {
  using project = projectDir(files);
  const first = (await project.load()).manifest;
  const facts = factsOfAll(first);
  writeFactsCache(first);

  const second = (await project.load()).manifest;
  const again = toldBy(() => {
    readFactsCache(second);
    assert.deepEqual(factsOfAll(second), facts);
  });
  project.write({ 'models/b.sql': 'select {{told 3}} as x from {{ref "a"}}' });
  const third = (await project.load()).manifest;
  const changed = toldBy(() => {
    readFactsCache(third);
    factsOfAll(third);
  });

  assert.deepEqual([again, changed], [[], [3]]);
});

test('a damaged file is an empty one, and what is gone is forgotten', async () => {
  using project = projectDir(files);
  const path = join(project.dir, '.gccflow/cache/facts.txt');
  const { manifest } = await project.load();
  const facts = factsOfAll(manifest);
  writeFactsCache(manifest);
  const whole = readFileSync(path, 'utf8');
  writeFileSync(path, whole.replace(/ \w/, ' 0').replace(/ \w{4}/, ' ffff'));

  const damaged = (await project.load()).manifest;
  readFactsCache(damaged);
  project.write({ 'models/a.sql': 'select {{told 7}} as x' });
  const later = (await project.load()).manifest;
  factsOfAll(later);
  writeFactsCache(later);

  assert.deepEqual(factsOfAll(damaged), facts);
  assert.equal(readFileSync(path, 'utf8').split('\n').length, whole.split('\n').length);
});

test('without a folder of the cache nothing is written', async () => {
  const { '.gccflow/cache/.keep': _keep, ...rest } = files;
  using project = projectDir(rest);
  const { manifest } = await project.load();
  factsOfAll(manifest);

  writeFactsCache(manifest);

  assert.throws(() => readFileSync(join(project.dir, '.gccflow/cache/facts.txt')), { code: 'ENOENT' });
});
