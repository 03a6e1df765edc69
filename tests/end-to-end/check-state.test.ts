import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder, runCli } from '../support/cli.ts';

const files = {
  'project.yaml': 'name: shop\ntargets: { dev: {} }\n',
  'sources/shop.yaml':
    'kind: source\nname: shop\ntables:\n  - name: orders\n    columns:\n      - { name: id, type: UInt64 }\n      - { name: amount, type: UInt32 }\n      - { name: note, type: String }\n',
  'models/orders.sql': 'select\n    id,\n    amount,\n    note\nfrom {{source "shop" "orders"}}\n',
  'models/totals.sql': 'select count() as orders, sum(amount) as amount\nfrom {{ref "orders"}}\n',
  'models/models.yaml': 'kind: models\nexposures:\n  - { name: board, depends_on: [totals] }\n',
  'sinks/orders.yaml': 'kind: sync\nname: orders_out\nfrom: orders\nto: orders\ncolumns: [id, { name: remark, from: note }]\n',
};

test('check --state names each column that is gone or of another type, and what still reads it, with the place of the column', async () => {
  using folder = projectFolder(files);
  const first = await runCli(['check'], { cwd: folder.dir });
  assert.equal(first.exitCode, 0, first.stdout);
  cpSync(join(folder.dir, 'target'), join(folder.dir, 'state'), { recursive: true });
  writeFileSync(
    join(folder.dir, 'models/orders.sql'),
    'select\n    id,\n    toFloat64(amount) as amount,\n    note as remark\nfrom {{source "shop" "orders"}}\n',
  );

  const { exitCode, stdout } = await runCli(['check', '--state', 'state'], { cwd: folder.dir });

  assert.equal(exitCode, 1);
  assert.match(
    stdout,
    /COLUMN_BREAKS\]: The column 'amount' of the model 'orders' was UInt32 and is Float64; it is read by model 'totals'\.\n {2}--> models\/orders\.sql:3:5/,
  );
  assert.match(
    stdout,
    /COLUMN_BREAKS\]: The column 'note' of the model 'orders' is gone, and 'remark' is new; it is read by sync 'orders_out'\./,
  );
  assert.match(
    stdout,
    /COLUMN_BREAKS\]: The column 'amount' of the model 'totals' was UInt64 and is Float64; it is read by exposure 'board'\./,
  );
});

test('check --state is silent of what nothing reads, and of a project as it was', async () => {
  using folder = projectFolder(files);
  await runCli(['check'], { cwd: folder.dir });
  cpSync(join(folder.dir, 'target'), join(folder.dir, 'state'), { recursive: true });

  const same = await runCli(['check', '--state', 'state'], { cwd: folder.dir });
  writeFileSync(join(folder.dir, 'sinks/orders.yaml'), 'kind: sync\nname: orders_out\nfrom: orders\nto: orders\ncolumns: [id]\n');
  writeFileSync(join(folder.dir, 'models/orders.sql'), 'select id, amount from {{source "shop" "orders"}}\n');
  const unread = await runCli(['check', '--state', 'state'], { cwd: folder.dir });

  assert.equal(same.exitCode, 0, same.stdout);
  assert.equal(unread.exitCode, 0, unread.stdout);
});

test('a reader that the change has broken is named too, and a state without a check says how to make one', async () => {
  using folder = projectFolder(files);
  await runCli(['check'], { cwd: folder.dir });
  cpSync(join(folder.dir, 'target'), join(folder.dir, 'state'), { recursive: true });
  writeFileSync(join(folder.dir, 'models/orders.sql'), 'select id, note from {{source "shop" "orders"}}\n');

  const broken = await runCli(['check', '--state', 'state'], { cwd: folder.dir });
  const nothing = await runCli(['check', '--state', 'models'], { cwd: folder.dir });

  assert.match(broken.stdout, /The column 'amount' of the model 'orders' is gone; it is read by model 'totals'\./);
  assert.match(broken.stdout, /CHECK_NAME_UNKNOWN\].*'totals'/);
  assert.equal(nothing.exitCode, 1);
  assert.match(nothing.stderr, /ARTIFACT_MISSING.*check\.json[\s\S]*`gccflow check` leaves it in target\//);
});
