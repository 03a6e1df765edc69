import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import type { WriteStep } from '../materializations/materialization.ts';
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
  const types = new Map(returned.map(({ name, type }) => [name, type]));
  const missing = step.columns.filter(({ name }) => !types.has(name));
  const timeless = step.columns.filter(({ name, isTime }) => isTime && types.has(name) && !timeType.test(types.get(name) ?? ''));
  const taken = step.reserved.filter((name) => types.has(name));
  const faults = [
    ...missing.map(({ name, key }) => `'${key}' names '${name}', which its SELECT does not return`),
    ...timeless.map(({ name, key }) => `'${key}' names '${name}', a ${types.get(name)} where a Date, DateTime or DateTime64 is needed`),
    ...taken.map((name) => `its SELECT returns '${name}', a column that the materialization adds`),
  ];
  if (faults.length === 0) return;
  const [first] = missing;
  throw new GccflowError(
    'CONFIG_CONFLICT',
    `The config of '${node.name}' does not fit its SELECT: ${faults.join('; ')}. Nothing was written.`,
    {
      at: node.at,
      hint: first && didYouMean(first.name, types.keys()),
    },
  );
}

const timeType = /^(LowCardinality\()?(Nullable\()?(Date|Date32|DateTime|DateTime64)\b/;

/** Throws the step's code where its query returns rows, and names the first of them. */
export async function requireNone(step: Step<'require_none'>, { node, statements }: GuardDeps): Promise<void> {
  const found = await statements.query<{ item: string; total: string }>(step.query, step.settings);
  const total = Number(found[0]?.total ?? 0);
  if (total === 0) return;
  const more = total > found.length ? `, and ${(total - found.length).toLocaleString('en')} more` : '';
  const items = found.map(({ item }) => item).join('; ');
  throw new GccflowError(step.code, `'${node.name}' has ${step.what}: ${items}${more}. What readers see of it is untouched.`, {
    at: node.at,
    hint: step.hint,
  });
}
