import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Manifest } from '../../framework/manifest/manifest.ts';
import { StateComparison } from '../../framework/plan/compare-state.ts';
import { selectNodes } from '../../framework/plan/select-nodes.ts';
import { projectDir } from '../support/project-dir.ts';
import { stateOf } from '../support/state-of.ts';

const models = 6;

/** What is done to a model: nothing, another form of the same SQL, or another literal in it. */
const edits = {
  none: (sql: string) => sql,
  form: (sql: string) => `-- formatted\n${sql.replace('select', 'SELECT\n ').replace(', ', '\n, ')} /* ; */`,
  literal: (sql: string) => sql.replace(/'v(\d+)'/, (_text, value: string) => `'v${Number(value) + 1}'`),
} as const;
type Edit = keyof typeof edits;

const edited = fc.array(fc.constantFrom<Edit>('none', 'form', 'literal'), { minLength: models, maxLength: models });
/** Each model reads one that stands before it. */
const parents = fc.array(fc.nat(), { minLength: models, maxLength: models });

async function load(reads: readonly number[], done: readonly Edit[]): Promise<Manifest> {
  const files = reads.map((number, index) => {
    const from = index === 0 ? 'numbers(3)' : `{{ref "m${number % index}"}}`;
    return [`models/m${index}.sql`, edits[done[index] ?? 'none'](`select 'v${index}' as v, 1 as one from ${from}`)] as const;
  });
  using project = projectDir(Object.fromEntries(files));
  return (await project.load()).manifest;
}

const untouched: readonly Edit[] = Array.from({ length: models }, () => 'none');

function picked(manifest: Manifest, state: StateComparison, select: string): string[] {
  return [...selectNodes(manifest, { select: [select], state, allowEmpty: true }).nodes].toSorted();
}

test('form never modifies, a literal always does, and every node is modified or unmodified', async () => {
  await fc.assert(
    fc.asyncProperty(parents, edited, async (reads, done) => {
      const manifest = await load(reads, done);
      const state = new StateComparison(manifest, stateOf(await load(reads, untouched)));

      const modified = picked(manifest, state, 'state:modified');
      const unmodified = picked(manifest, state, 'state:unmodified');

      const changed = done.flatMap((edit, index) => (edit === 'literal' ? [`model.m${index}`] : []));
      assert.deepEqual(modified, changed);
      assert.deepEqual([...modified, ...unmodified].toSorted(), [...manifest.nodes.keys()].toSorted());
      assert.deepEqual(picked(manifest, state, 'state:modified state:modified.upstream'), picked(manifest, state, 'state:modified+'));
    }),
    { numRuns: 25 },
  );
});

test('against itself nothing is new, modified or removed; what is new one way round is removed the other', async () => {
  await fc.assert(
    fc.asyncProperty(parents, edited, fc.nat(models - 1), async (reads, done, kept) => {
      const whole = await load(reads, done);
      const part = await load(reads.slice(0, kept + 1), done);

      const same = new StateComparison(whole, stateOf(whole));
      const grown = new StateComparison(whole, stateOf(part));
      const shrunk = new StateComparison(part, stateOf(whole));

      assert.deepEqual([picked(whole, same, 'state:modified'), same.removed()], [[], []]);
      assert.deepEqual(
        picked(whole, grown, 'state:new'),
        shrunk
          .removed()
          .map(({ id }) => id as string)
          .toSorted(),
      );
    }),
    { numRuns: 10 },
  );
});
