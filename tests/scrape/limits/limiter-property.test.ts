import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Level, Limiter, LimitRequest } from '../../../framework/scrape/limits/limiter.ts';
import { levelId } from '../../../framework/scrape/limits/plan-request.ts';
import { type Admission, labs, mostWithin, ownKey } from '../../support/limits.ts';

/** Windows of one key are of one length, so that a key is a count. */
const windows = [40, 120, 70_000] as const;
const level = (own: string) =>
  fc
    .record({ place: fc.nat(windows.length - 1), requests: fc.integer({ min: 1, max: 6 }) })
    .map(({ place, requests }): Level => ({ key: `${own}_${place}`, requests, perMs: windows[place] ?? 1, window: 'sliding' }));
const request = (own: string): fc.Arbitrary<LimitRequest> =>
  fc.record({
    levels: fc.array(level(`${own}_a`), { maxLength: 3 }),
    choices: fc.array(fc.array(level(`${own}_b`), { maxLength: 2 }), { maxLength: 3 }),
  });

/** The levels that a call that was let through took. */
function takenBy({ levels, choices }: LimitRequest, choice: number): readonly Level[] {
  return [...levels, ...(choices[choice] ?? [])];
}

async function countsOf(limiter: Limiter, levels: readonly Level[]): Promise<readonly number[]> {
  return (await limiter.inspect(levels)).map(({ used }) => used);
}

for (const { name, open } of labs) {
  test(`${name}: whatever several clients ask at once, no window holds more calls than the level of any of them allows`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const clients = await Promise.all([lab.open(), lab.open(), lab.open()]);

    await fc.assert(
      fc.asyncProperty(fc.array(request('x'), { minLength: 5, maxLength: 40 }), async (drawn) => {
        const run = ownKey('run');
        const own = (levels: readonly Level[]) => levels.map((one) => ({ ...one, key: `${run}_${one.key}` }));
        const requests = drawn.map(({ levels, choices }) => ({ levels: own(levels), choices: choices.map(own) }));
        const admissions = new Map<string, { admission: Admission; requests: number }[]>();
        await Promise.all(
          clients.map(async (client, first) => {
            for (let index = first; index < requests.length; index += clients.length) {
              const asking = requests[index] as LimitRequest;
              const noted: Admission[] = [];
              const asked = performance.now();
              const answer = await client.ask(asking);
              if (!answer.admitted) continue;
              noted.push({ asked, answered: performance.now() });
              for (const taken of takenBy(asking, answer.choice)) {
                const known = admissions.get(levelId(taken)) ?? [];
                admissions.set(levelId(taken), [...known, { admission: noted[0] as Admission, requests: taken.requests }]);
              }
            }
          }),
        );
        for (const [id, calls] of admissions) {
          const most = Math.max(...calls.map(({ requests }) => requests));
          const distinct = [...new Set(calls.map(({ admission }) => admission))];
          assert.ok(mostWithin(Number(id.slice(id.lastIndexOf(':') + 1)), distinct) <= most, `${id} over ${most}`);
        }
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });

  test(`${name}: a call that is denied changes no count`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();

    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }), { minLength: 5, maxLength: 30 }), async (calls) => {
        const run = ownKey('run');
        const levels = [1, 2, 3, 4].map((requests): Level => ({ key: `${run}_${requests}`, requests, perMs: 60_000, window: 'sliding' }));
        const model = levels.map(() => 0);
        for (const places of calls) {
          const wanted = new Set(places);
          const asked = [...wanted].map((place) => levels[place] as Level);
          const answer = await limiter.ask({ levels: asked, choices: [] });
          const fits = [...wanted].every((place) => (model[place] ?? 0) < (levels[place]?.requests ?? 0));
          assert.equal(answer.admitted, fits);
          if (answer.admitted) for (const place of wanted) model[place] = (model[place] ?? 0) + 1;
        }
        assert.deepEqual(await countsOf(limiter, levels), model);
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });
}
