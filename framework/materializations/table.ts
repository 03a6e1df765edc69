import { planFullBuild } from './full-build.ts';
import { layoutMistakes } from './layout-mistakes.ts';
import { defineMaterialization } from './materialization.ts';

/** A table built anew on every run. */
export const table = defineMaterialization({
  name: 'table',
  publishes: 'table',
  check: layoutMistakes,
  plan: (input) => planFullBuild({ ...input, reason: 'a table is built anew on every run' }),
});
