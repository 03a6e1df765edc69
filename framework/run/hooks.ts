import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import type { Manifest, ModelNode, SeedNode } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { renderText } from '../manifest/render-sql.ts';
import type { PlannedBuild } from '../plan/plan.ts';
import type { NodeStatements } from './node-statements.ts';

interface HookContext {
  readonly deps: { readonly manifest: Manifest };
  readonly node: ModelNode | SeedNode;
  readonly statements: NodeStatements;
}

/** Runs a node's hooks, in order. `{{this}}` in them is the live relation. */
export async function runHooks(hook: 'pre_hook' | 'post_hook', { build }: PlannedBuild, context: HookContext): Promise<void> {
  const { deps, node, statements } = context;
  for (const text of node.config[hook]) {
    const sql = renderText(deps.manifest, node, text, { incremental: build.mode === 'incremental' });
    await statements.execute(sql).catch((thrown: unknown) => {
      throw thrown instanceof GccflowError ? ofHook(hook, thrown) : thrown;
    });
  }
}

/** Without it a statement that the model's SQL does not hold would seem to be the model's. */
function ofHook(hook: string, { code, message, hint, at, cause }: GccflowError): GccflowError {
  return new GccflowError(code, `In its ${hook}: ${message}`, { hint, at, cause });
}

/** Grants what the config says on the live name. Grants stand by name, so an exchange keeps them; granting again does no harm. */
export async function applyGrants({ relation }: PlannedBuild, { node, statements }: HookContext): Promise<void> {
  for (const sql of grantStatements(node, relation)) await statements.execute(sql);
}

/** A statement for each privilege that somebody gets. */
export function grantStatements({ config }: ModelNode | SeedNode, relation: Relation): readonly string[] {
  return Object.entries(config.grants).flatMap(([privilege, grantees]) => {
    const names = grantees.map((grantee) => quoteName(grantee, 'clickhouse')).join(', ');
    return names === '' ? [] : [`grant ${privilege} on ${relationSql(relation)} to ${names}`];
  });
}
