import { type Expression, ExpressionFault, parseExpression } from '../../project/expression.ts';
import type { FlowMapping } from '../../project/flow-file.ts';
import { findMissing } from './find-missing.ts';
import type { AnswerParser, RawRecords } from './parse-answer.ts';
import { shapeFault } from './shape-fault.ts';

/** Makes records of an answer as a mapping says. */
export function mappingParser(mapping: FlowMapping, place: string): AnswerParser {
  const each = mapping.each === null ? null : parseExpression(mapping.each);
  const fields = parseAll(mapping.fields);
  const page = parseAll(mapping.page);
  return async (body, context) => {
    const variables = { ...context, body };
    const elements = each === null ? [body] : await listOf(each, body, variables, place);
    const records: Record<string, unknown>[] = [];
    for (const [index, element] of elements.entries()) {
      records.push(await evaluateAll(fields, element, variables, `records[${index}].`, place));
    }
    return {
      records,
      page: await evaluateAll(page, body, variables, 'page.', place),
      whyMissing: (index, field) => explain(fields.get(field), elements[index]),
    } satisfies RawRecords;
  };
}

function parseAll(texts: Readonly<Record<string, string>>): ReadonlyMap<string, Expression> {
  return new Map(Object.entries(texts).map(([name, text]) => [name, parseExpression(text)]));
}

/** The elements that `each` finds. JSONata gives one element for itself, and nothing for the elements of an empty list. */
async function listOf(
  each: Expression,
  body: unknown,
  variables: Readonly<Record<string, unknown>>,
  place: string,
): Promise<readonly unknown[]> {
  const found = (await evaluate(each, body, variables, 'each', place)) ?? null;
  if (found !== null) return Array.isArray(found) ? found : [found];
  const missing = each.path === null ? `${each.text} gives nothing` : findMissing(body, each.path);
  if (missing === null) return [];
  throw shapeFault(`each: a list expected, but ${missing}`, place);
}

async function evaluateAll(
  expressions: ReadonlyMap<string, Expression>,
  input: unknown,
  variables: Readonly<Record<string, unknown>>,
  prefix: string,
  place: string,
): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [name, expression] of expressions) {
    const value = await evaluate(expression, input, variables, `${prefix}${name}`, place);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

async function evaluate(
  expression: Expression,
  input: unknown,
  variables: Readonly<Record<string, unknown>>,
  what: string,
  place: string,
): Promise<unknown> {
  try {
    return await expression.evaluate(input, variables);
  } catch (thrown) {
    if (!(thrown instanceof ExpressionFault)) throw thrown;
    throw shapeFault(`${what}: ${expression.text} cannot be evaluated: ${thrown.message}`, place, thrown);
  }
}

function explain(expression: Expression | undefined, element: unknown): string | null {
  if (expression === undefined) return null;
  return expression.path === null ? `${expression.text} gives nothing` : findMissing(element, expression.path);
}
