import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { findColumnFaults } from '../materializations/required-columns.ts';
import type { WriteStep } from '../materializations/write-step.ts';
import type { TypedColumn } from './match-columns.ts';
import type { NodeStatements } from './node-statements.ts';

type Step<Kind extends WriteStep['kind']> = Extract<WriteStep, { kind: Kind }>;

interface GuardDeps {
  readonly node: ModelNode | SeedNode;
  readonly statements: NodeStatements;
}

/** Throws CONFIG_CONFLICT, with everything that is wrong, where the config names columns that the SELECT does not return. */
export async function requireColumns(step: Step<'require_columns'>, { node, statements }: GuardDeps): Promise<void> {
  const returned = await statements.query<TypedColumn>(`describe table (\n${step.sql}\n)`, step.settings);
  const faults = findColumnFaults(node.config, returned);
  if (faults.length === 0) return;
  const missing = faults.find((fault) => fault.missing !== null)?.missing ?? null;
  const names = returned.map(({ name }) => name);
  const says = faults.map((fault) => fault.says).join('; ');
  throw new GccflowError('CONFIG_CONFLICT', `The config of '${node.name}' does not fit its SELECT: ${says}. Nothing was written.`, {
    at: node.at,
    hint: missing === null ? undefined : didYouMean(missing, names),
  });
}

/** Throws the step's code where its query returns rows, and names the first of them. */
export async function requireNone(step: Step<'require_none'>, { node, statements }: GuardDeps): Promise<void> {
  const found = await statements.query<{ gccflow_item: string; gccflow_total: string }>(step.query, step.settings);
  const total = Number(found[0]?.gccflow_total ?? 0);
  if (total === 0) return;
  const more = total > found.length ? `, and ${(total - found.length).toLocaleString('en')} more` : '';
  const items = found.map((row) => row.gccflow_item).join('; ');
  throw new GccflowError(step.code, `'${node.name}' has ${step.what}: ${items}${more}. What readers see of it is untouched.`, {
    at: node.at,
    hint: step.hint,
  });
}
