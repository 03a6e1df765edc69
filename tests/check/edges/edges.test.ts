import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckEngine } from '../../../framework/check/check-engine.ts';
import type { Postgres } from '../../../framework/connections/postgres.ts';
import { projectFolder } from '../../support/cli.ts';
import { scratchPostgres } from '../../support/postgres.ts';
import { checkFiles } from '../mutations/check-files.ts';
import type { Fault } from '../mutations/fault.ts';
import { faultsOfStreams } from './faults-of-streams.ts';
import { faultsOfSyncs } from './faults-of-syncs.ts';
import { faultsOfTests } from './faults-of-tests.ts';
import { market } from './market.ts';

test('mistakes at the edges of the graph are told at their line, and nothing of a valid project', async (context) => {
  await using engine = await openCheckEngine();
  using folder = projectFolder({});
  assert.deepEqual(await checkFiles(prefixed(market, 'clean_'), folder.dir, engine, openPostgres), []);

  const all = [...faultsOfStreams, ...faultsOfSyncs, ...faultsOfTests];
  const missed: string[] = [];
  for (const [index, fault] of all.entries()) {
    const files = withFault(fault);
    const place = expectedPlace(fault, files);
    const told = await checkFiles(prefixed(files, `f${index}_`), folder.dir, engine, openPostgres);
    if (!told.some((line) => line.startsWith(`${place} `))) missed.push(`${fault.kind} (${place}, ${fault.put}): ${told.join(' | ')}`);
  }

  context.diagnostic(`${all.length} mistakes of ${new Set(all.map(({ kind }) => kind)).size} kinds`);
  assert.deepEqual(missed, []);
});

test("what PostgreSQL says of a sync's own SQL is told with its code", async () => {
  await using engine = await openCheckEngine();
  using folder = projectFolder({});
  const fault = faultsOfSyncs.find(({ put }) => put === 'fill: nw()');
  assert.ok(fault);

  const told = await checkFiles(prefixed(withFault(fault), 'said_'), folder.dir, engine, openPostgres);

  assert.equal(told.length, 1, told.join(' | '));
  assert.match(told[0] ?? '', /^sinks\/customers\.yaml:\d+ SYNC_SQL Sync 'customers', in .*nw\(\)/);
});

/** The server of this test process, which stays open. */
async function openPostgres(): Promise<Postgres> {
  const { postgres } = await scratchPostgres();
  return { ...postgres, [Symbol.asyncDispose]: async () => {} };
}

function prefixed(files: Readonly<Record<string, string>>, prefix: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(files).map(([file, text]) => [file, text.replaceAll('@', prefix)]));
}

function withFault({ file, find, put }: Fault): Readonly<Record<string, string>> {
  const text = market[file] ?? '';
  assert.equal(text.split(find).length, 2, `${file} holds '${find}' once`);
  return { ...market, [file]: text.replace(find, () => put) };
}

/** `file:line`. */
function expectedPlace({ file, find, at }: Fault, files: Readonly<Record<string, string>>): string {
  const text = at ? (files[at.file] ?? '') : (market[file] ?? '');
  const offset = text.indexOf(at?.text ?? find);
  assert.ok(offset >= 0, `${at?.file ?? file} holds '${at?.text ?? find}'`);
  return `${at?.file ?? file}:${text.slice(0, offset).split('\n').length}`;
}
