import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instantOf } from '../../framework/manifest/interval.ts';
import { type ScratchProject, scratchProject } from '../support/scratch-project.ts';
import { nextHistory, type SnapshotRules, type SourceRow, type Version } from '../support/snapshot-model.ts';

const second = 1_000_000n;
const start = BigInt(Date.UTC(2026, 0, 1)) * 1000n;

/** Every run of every random history is compared with a model of it in plain code, row by row. */
const rules: readonly (SnapshotRules & { readonly config: string })[] = (['ignore', 'invalidate', 'new_record'] as const).flatMap(
  (hardDeletes) => [
    { ...base(hardDeletes), strategy: 'timestamp', usesUpdatedAt: true, config: 'strategy="timestamp" updated_at="updated_at"' },
    { ...base(hardDeletes), strategy: 'check', compared: ['name', 'score'], config: 'strategy="check" check_cols="all"' },
    {
      ...base(hardDeletes),
      strategy: 'check',
      compared: ['name'],
      usesUpdatedAt: true,
      config: 'strategy="check" updated_at="updated_at" check_cols=(list "name")',
    },
  ],
);

function base(hardDeletes: SnapshotRules['hardDeletes']) {
  return { hardDeletes, compared: [] as (keyof SourceRow)[], usesUpdatedAt: false };
}

for (const [index, rule] of rules.entries()) {
  const far = index % 2 === 0 ? '' : ` valid_to_current="toDate32('2299-12-31')"`;
  const layout = index % 3 === 0 ? ' partition_by="id % 2" order_by="id"' : '';
  test(`a random history is written down as it was: ${rule.config} ${rule.hardDeletes}${far}${layout}`, async () => {
    await using project = await scratchProject({
      'models/m.sql': `{{config materialized="snapshot" unique_key="id" hard_deletes="${rule.hardDeletes}" ${rule.config}${far}${layout}}}
select id, name, score${rule.usesUpdatedAt ? ', updated_at' : ''} from {{source "raw" "rows"}}`,
    });
    await project.write({ 'sources/raw.yaml': `kind: source\nname: raw\ndatabase: ${project.database}\ntables:\n  - name: rows\n` });
    await project.execute(
      `create table @.rows (id UInt32, name Nullable(String), score Nullable(Int32), updated_at DateTime64(6, 'UTC')) engine = MergeTree order by id`,
    );
    const random = seeded(index + 1);
    let [source, history, now]: [SourceRow[], Version[], bigint] = [[], [], start];
    for (let run = 0; run < 6; run += 1) {
      now += BigInt(Math.floor(random() * 3)) * second; // now and then two runs in one second
      source = changeSource(source, now, random);
      await fillSource(project, source);

      await runAt(project, now);
      if (random() < 0.3) await runAt(project, now); // once more changes nothing

      history = nextHistory(history, source, { rules: rule, now });
      assert.deepEqual(await readHistory(project, rule, far !== ''), sorted(history), `after run ${run + 1}`);
    }
  });
}

function changeSource(rows: readonly SourceRow[], now: bigint, random: () => number): SourceRow[] {
  const pick = <Value>(values: readonly Value[]): Value | undefined => values[Math.floor(random() * values.length)];
  const value = () => ({ name: pick(['a', 'b', '', null]) ?? null, score: pick([0, 1, null]) ?? null });
  const time = () => now + (pick([-30n * second, -second, -1n, 0n, 1n, 2n * second]) ?? 0n); // clocks of sources run ahead and behind
  const kept = rows.flatMap((row): SourceRow[] => {
    const fate = random();
    if (fate < 0.2) return [];
    if (fate < 0.5) return [{ ...row, ...value(), updated_at: time() }];
    return fate < 0.6 ? [{ ...row, ...value() }] : [row];
  });
  const added = [1, 2, 3, 4, 5].filter((id) => !kept.some((row) => row.id === id) && random() < 0.5);
  return [...kept, ...added.map((id) => ({ id, ...value(), updated_at: time() }))];
}

async function fillSource(project: ScratchProject, rows: readonly SourceRow[]): Promise<void> {
  await project.execute('truncate table @.rows');
  if (rows.length === 0) return;
  const text = (value: string | number | null): string => (value === null ? 'null' : typeof value === 'string' ? `'${value}'` : `${value}`);
  const values = rows.map(
    ({ id, name, score, updated_at }) => `(${id}, ${text(name)}, ${text(score)}, fromUnixTimestamp64Micro(${updated_at}, 'UTC'))`,
  );
  await project.execute(
    `insert into @.rows select * from values('id UInt32, name Nullable(String), score Nullable(Int32), updated_at DateTime64(6, \\'UTC\\')', ${values.join(', ')})`,
  );
}

async function runAt(project: ScratchProject, now: bigint): Promise<void> {
  const { nodes } = await project.run('build', { request: { executionTime: instantOf(new Date(Number(now / 1000n))) } });
  for (const { error } of nodes) if (error) throw error;
}

async function readHistory(project: ScratchProject, { hardDeletes }: SnapshotRules, hasMarker: boolean): Promise<object[]> {
  const deleted = hardDeletes === 'new_record' ? `dbt_is_deleted = 'True'` : 'false';
  const rows = await project.query<Record<string, string | number | boolean | null>>(
    `select id, name, score, toUnixTimestamp64Micro(dbt_updated_at) as updated_at, toUnixTimestamp64Micro(dbt_valid_from) as begins,
       toUnixTimestamp64Micro(dbt_valid_to) as ends, ${deleted} as is_deleted, count() over (partition by dbt_scd_id) as twins from @.m`,
  );
  const marker = BigInt(Date.UTC(2299, 11, 31)) * 1000n;
  return sorted(
    rows.map(({ id, name, score, updated_at, begins, ends, is_deleted, twins }): Version => {
      assert.equal(twins, '1');
      const to = ends === null || (hasMarker && BigInt(ends ?? 0) === marker) ? null : BigInt(ends ?? 0);
      return {
        id: Number(id),
        name: name as string | null,
        score: score as number | null,
        updatedAt: BigInt(updated_at ?? 0),
        from: BigInt(begins ?? 0),
        to,
        isDeleted: Boolean(is_deleted),
      };
    }),
  );
}

function sorted(history: readonly Version[]): object[] {
  return history
    .map(({ id, name, score, updatedAt, from, to, isDeleted }) => ({ id, from, to, name, score, updatedAt, isDeleted }))
    .toSorted((a, b) => a.id - b.id || Number(a.from - b.from));
}

/** The same numbers in every run of the test. */
function seeded(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_507) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}
