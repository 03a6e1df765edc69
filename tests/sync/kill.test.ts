import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { embeddedProjectDir } from '../support/postgres.ts';
import { scratchSync } from '../support/sync.ts';

const child = fileURLToPath(new URL('../support/killed-sync.ts', import.meta.url));

function killedAt(point: string, schema: string, mode = 'replace'): Promise<NodeJS.Signals | null> {
  const run = spawn(process.execPath, [child, embeddedProjectDir(), schema, point, mode], { stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve) => run.once('exit', (_code, signal) => resolve(signal)));
}

for (const [point, version] of [
  ['export', 1],
  ['load', 1],
  ['loaded', 1],
  ['publish', 1],
  ['cleanup', 2],
] as const) {
  test(`a sync killed at '${point}' leaves the table whole, and the next one starts clean`, async () => {
    await using sync = await scratchSync();
    await sync.fill('select number as id, 1 as version from numbers(100)');
    await sync.run({ primary_key: 'id' });

    const signal = await killedAt(point, sync.schema);
    const after = await sync.rows('select count(*)::int as rows, min(version)::int as version, max(version)::int as same');
    await sync.fill('select number as id, 3 as version from numbers(150)');
    await sync.run({ primary_key: 'id' });

    assert.equal(signal, 'SIGKILL');
    assert.deepEqual(after, [{ rows: version * 100, version, same: version }]);
    assert.deepEqual(await sync.rows('select count(*)::int as rows, min(version)::int as version'), [{ rows: 150, version: 3 }]);
    const tables = await sync.postgres.query(`select tablename from pg_tables where schemaname = $1 order by 1`, [sync.schema]);
    assert.deepEqual(tables, [{ tablename: 'target' }, { tablename: 'target_old_bkp' }]);
  });
}

for (const [point, version] of [
  ['loaded', 1],
  ['publish', 1],
  ['cleanup', 2],
] as const) {
  test(`an upsert killed at '${point}' leaves the table whole, and the next one converges`, async () => {
    await using sync = await scratchSync();
    const input = { primary_key: 'id', mode: 'upsert' } as const;
    await sync.fill('select number as id, 1 as version from numbers(100)');
    await sync.run(input);

    const signal = await killedAt(point, sync.schema, 'upsert');
    const after = await sync.rows('select count(*)::int as rows, min(version)::int as version, max(version)::int as same');
    await sync.fill('select number as id, 3 as version from numbers(250)');
    await sync.run(input);

    assert.equal(signal, 'SIGKILL');
    assert.deepEqual(after, [{ rows: version * 100, version, same: version }]);
    assert.deepEqual(await sync.rows('select count(*)::int as rows, min(version)::int as version'), [{ rows: 250, version: 3 }]);
    const tables = await sync.postgres.query(`select tablename from pg_tables where schemaname = $1`, [sync.schema]);
    assert.deepEqual(tables, [{ tablename: 'target' }]);
  });
}
