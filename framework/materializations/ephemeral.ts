import { defineMaterialization } from './materialization.ts';

/** No relation: the SELECT is written into the models that refer to it. */
export const ephemeral = defineMaterialization({
  name: 'ephemeral',
  publishes: null,
  check: (config) =>
    [...config.pre_hook.map(() => 'pre_hook'), ...config.post_hook.map(() => 'post_hook')].slice(0, 1).map((key) => ({
      code: 'CONFIG_CONFLICT' as const,
      key,
      message: `'${key}' runs around a build, and an ephemeral model builds nothing.`,
      hint: 'Move the hook to a model that is built.',
    })),
  plan: ({ reason }) => ({ mode: 'full', reason, steps: [], scratch: [] }),
});
