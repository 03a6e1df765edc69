import { type Expression, ExpressionFault, parseExpression } from '../../project/expression.ts';
import type { FlowRecord } from '../flow/flow-deps.ts';
import type { Params } from '../queue/task.ts';
import { TaskFault } from '../task-fault.ts';
import type { Attempt } from './step.ts';

/** What the expressions and templates of a step know. */
export interface Scope {
  /** Undefined for a step that is done once for the whole answer. */
  readonly record: FlowRecord | undefined;
  readonly page: Readonly<Record<string, unknown>>;
  readonly params: Params;
}

/** The value of an expression of a step, undefined for none. Throws TaskFault. */
export type Value = (scope: Scope) => Promise<unknown>;

/** Reads an expression of a step. */
export function readValue(text: string, file: string): Value {
  const expression = parseExpression(text);
  return (scope) => evaluate(expression, scope, file);
}

/** Of the records those for which `when` is true, each with what expressions know of it. */
export async function chooseScopes(
  records: readonly (FlowRecord | undefined)[],
  when: Value | null,
  { page, params }: Pick<Attempt, 'page' | 'params'>,
): Promise<readonly Scope[]> {
  const scopes = records.map((record): Scope => ({ record, page, params }));
  if (when === null) return scopes;
  const chosen: Scope[] = [];
  for (const scope of scopes) if (isTrue(await when(scope))) chosen.push(scope);
  return chosen;
}

/** What a placeholder such as `record.profile_id` stands for. */
export function lookUpIn(scope: Scope): (name: string) => unknown {
  return (name) =>
    name
      .split('.')
      .reduce<unknown>(
        (value, key) => (typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : null),
        scope,
      );
}

/** JSONata's own rule: what is empty is false, also a list without anything true. */
function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isTrue);
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

async function evaluate(expression: Expression, scope: Scope, file: string): Promise<unknown> {
  try {
    return await expression.evaluate(scope);
  } catch (thrown) {
    if (!(thrown instanceof ExpressionFault)) throw thrown;
    const message = `The expression '${expression.text}' cannot be evaluated: ${thrown.message}.`;
    throw new TaskFault('failed', 'EXPRESSION_FAILED', message, { place: file, cause: thrown });
  }
}
