import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../manifest/manifest.ts';
import { bodiesOf, rememberBodies } from '../plan/build-node-facts.ts';
import { hashLength } from '../plan/hash-value.ts';
import { codeVersion, readSealedFile, type SealedFile, writeSealedFile } from '../project/sealed-file.ts';

/** Rooms whose code decides what is rendered and hashed. */
const rooms = ['project', 'manifest', 'plan'].map((room) => join(import.meta.dirname, '..', room));

/**
 * Takes hashes of rendered SQL from where the last run kept them, beside the parse cache: rendering 1,000 models takes 0.7 s, which a run of
 * one of them need not wait for. A file that is absent, damaged or of other code is an empty one.
 */
export function readFactsCache(manifest: Manifest): void {
  rememberBodies(manifest, readBodies(manifest));
}

/** Keeps the hashes of the nodes whose facts were asked for, where some are new. Where there is no folder of the cache, nothing is kept. */
export function writeFactsCache(manifest: Manifest): void {
  const file = fileOf(manifest);
  const bodies = bodiesOf(manifest);
  const kept = existsSync(file.dir) ? readBodies(manifest) : bodies;
  if (bodies.keys().every((key) => kept.has(key))) return;
  writeSealedFile(
    file,
    bodies.entries().map(([key, body]) => `${key} ${body}`),
  );
}

function readBodies(manifest: Manifest): ReadonlyMap<string, string> {
  const lines = readSealedFile(fileOf(manifest)) ?? [];
  return new Map(Iterator.from(lines).map((line): [string, string] => [line.slice(0, hashLength), line.slice(hashLength + 1)]));
}

function fileOf({ projectDir }: Manifest): SealedFile {
  return { dir: join(projectDir, '.gccflow', 'cache'), name: 'facts.txt', version: codeVersion(rooms) };
}
