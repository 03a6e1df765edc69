import { createRequire } from 'node:module';
import type jsonata from 'jsonata';

/** A JSONata expression that has been read. */
export interface Expression {
  readonly text: string;
  /** The names of one that is a plain path, such as `data.user.name`; null for any other. */
  readonly path: readonly string[] | null;
  /** What it names of its input itself, not of what it walks through: `record.tags[0]` gives `record`, `tags`. */
  readonly references: readonly Reference[];
  /** Functions it calls, without the $, and without those that it defines itself. */
  readonly functions: readonly string[];
  /** Its value, undefined for none, at once or as a promise. Throws ExpressionFault. */
  evaluate(input: unknown, variables?: Readonly<Record<string, unknown>>): unknown;
}

export interface Reference {
  /** `$params.x` begins with a variable, `record.x` with a name. */
  readonly isVariable: boolean;
  readonly names: readonly string[];
}

/** An expression that does not parse or fails. Says nothing of the values it met. */
export class ExpressionFault extends Error {
  override readonly name = 'ExpressionFault';
}

/** The part of the library's tree that is looked at; its own type leaves most of it out. */
interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly steps?: readonly Node[];
  readonly lhs?: Node | readonly (readonly Node[])[];
  readonly rhs?: Node;
  readonly arguments?: readonly Node[];
  readonly expressions?: readonly Node[];
  readonly expression?: Node;
  readonly condition?: Node;
  readonly then?: Node;
  readonly else?: Node;
}

/** Reads an expression. Throws ExpressionFault where it does not parse. */
export function parseExpression(text: string): Expression {
  const compiled = compile(text);
  const ast = compiled.ast() as unknown as Node;
  const path = plainPath(ast);
  return {
    text,
    path,
    references: [...referencesOf(ast)],
    functions: calledIn(compiled.ast()),
    evaluate(input, variables) {
      const value = path === null ? notPlain : walk(input, path);
      return value === notPlain ? run(compiled, input, variables) : value;
    },
  };
}

/** Reading the library takes 11 ms, so that only those who meet an expression do. */
const load = createRequire(import.meta.url);

function compile(text: string): jsonata.Expression {
  const library = load('jsonata') as typeof jsonata;
  try {
    return library(text);
  } catch (thrown) {
    throw faultOf(thrown);
  }
}

async function run(compiled: jsonata.Expression, input: unknown, variables: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  try {
    return await compiled.evaluate(input, { ...variables });
  } catch (thrown) {
    throw faultOf(thrown);
  }
}

const notPlain = Symbol('not plain');

/** Follows names through objects, which takes a hundredth of the time; a list on the way is the library's business. */
function walk(input: unknown, path: readonly string[]): unknown {
  let value = input;
  for (const name of path) {
    if (Array.isArray(value)) return notPlain;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

/** What the library throws is a plain object; its message may end in a value: `Unable to cast value to a number: "…"`. */
function faultOf(thrown: unknown): ExpressionFault {
  const { message, position, code } = thrown as { readonly message?: unknown; readonly position?: unknown; readonly code?: unknown };
  const said = typeof message === 'string' ? message : 'it cannot be evaluated';
  const text = typeof code === 'string' && !code.startsWith('S') ? said.replace(/:\s.*$/s, '') : said;
  return new ExpressionFault(`${text.replace(/\.$/, '')}${typeof position === 'number' ? ` (character ${position})` : ''}`);
}

function plainPath(node: Node): readonly string[] | null {
  if (node.type !== 'path') return null;
  const steps = node.steps ?? [];
  return Object.keys(node).every((key) => key === 'type' || key === 'steps') && steps.every(isPlainStep) ? steps.map(nameOf) : null;
}

/** The names of the library's own functions. */
export const expressionFunctions: ReadonlySet<string> = new Set(
  `sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad match contains replace split
  join formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power random boolean not map filter single reduce
  sift keys lookup append exists spread merge reverse each error assert type sort shuffle distinct zip base64encode base64decode
  encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl eval toMillis fromMillis now millis clone`.split(/\s+/),
);

/** The one value of an expression that is a constant: a text in quotes, a number, true or false. */
export function constantOf(text: string): { readonly value: string | number | boolean } | null {
  const [, double, single, other] = /^\s*(?:"([^"\\]*)"|'([^'\\]*)'|(-?\d+(?:\.\d+)?|true|false))\s*$/.exec(text) ?? [];
  if (other !== undefined) return { value: JSON.parse(other) as number | boolean };
  const said = double ?? single;
  return said === undefined ? null : { value: said };
}

function calledIn(ast: unknown): readonly string[] {
  const called = new Set<string>();
  const own = new Set<string>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    const { type, procedure, lhs, arguments: given } = part as Readonly<Record<string, unknown>>;
    if (type === 'function' || type === 'partial') for (const name of variableIn(procedure)) called.add(name);
    if (type === 'bind') for (const name of variableIn(lhs)) own.add(name);
    if (type === 'lambda' && Array.isArray(given)) for (const name of given.flatMap(variableIn)) own.add(name);
    for (const inner of Object.values(part)) visit(inner);
  };
  visit(ast);
  return [...called].filter((name) => !own.has(name));
}

function variableIn(node: unknown): readonly string[] {
  const { type, value } = (typeof node === 'object' && node !== null ? node : {}) as Readonly<Record<string, unknown>>;
  return type === 'variable' && typeof value === 'string' ? [value] : [];
}

const nameOf = (step: Node): string => String(step.value);

/** A name without a filter, an index or the like behind it. */
function isPlainStep(step: Node): boolean {
  return step.type === 'name' && Object.keys(step).every((key) => key === 'type' || key === 'value' || key === 'position');
}

/** Walks what is evaluated against the input itself: not filters, and not what functions do with what they are given. */
function* referencesOf(node: Node): Generator<Reference> {
  switch (node.type) {
    case 'path':
      yield* referencesOfPath(node.steps ?? []);
      break;
    case 'variable':
      yield { isVariable: true, names: [nameOf(node)] };
      break;
    case 'lambda':
    case 'transform':
      break;
    default:
      for (const part of partsOf(node)) yield* referencesOf(part);
  }
}

function partsOf({ lhs, rhs, expression, expressions = [], arguments: given = [], ...node }: Node): readonly Node[] {
  const left = Array.isArray(lhs) ? (lhs as readonly (readonly Node[])[]).flat() : [lhs as Node | undefined];
  const single = [...left, rhs, expression, node.condition, node.then, node.else];
  return [...single.filter((part) => part !== undefined), ...expressions, ...given];
}

function* referencesOfPath([first, ...rest]: readonly Node[]): Generator<Reference> {
  if (first === undefined) return;
  if (first.type !== 'name' && first.type !== 'variable') {
    yield* referencesOf(first);
    return;
  }
  const end = rest.findIndex(({ type }) => type !== 'name');
  yield { isVariable: first.type === 'variable', names: [first, ...(end < 0 ? rest : rest.slice(0, end))].map(nameOf) };
}
