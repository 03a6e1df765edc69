import { z } from 'zod';
import { closest, didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import { hintOfDbtName } from './dbt-name.ts';
import type { YamlPath } from './parse-yaml.ts';

type Issue = z.core.$ZodIssue;

/** Finds the place of a value, and of a key, by its path. */
export interface Places {
  at(path: YamlPath): Location;
  keyAt(path: YamlPath): Location;
}

/** `value` as `schema` reads it, or null after reporting every mistake in it at its place. */
export function checkShape<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  places: Places,
  diagnostics: Diagnostics,
): z.output<Schema> | null {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap(likeliest);
  for (const issue of issues) if (!isMisspelt(issue, issues)) report(issue, schema, value, places, diagnostics);
  return null;
}

/** Whether a key is missing because another one of the mapping, which is told, is it with a slip. */
function isMisspelt(issue: Issue, issues: readonly Issue[]): boolean {
  if (!isMissing(issue)) return false;
  const [key, owner] = [String(issue.path.at(-1)), JSON.stringify(issue.path.slice(0, -1))];
  return issues.some(
    (other) => other.code === 'unrecognized_keys' && JSON.stringify(other.path) === owner && closest(key, other.keys) !== undefined,
  );
}

function report(issue: Issue, schema: z.ZodType, value: unknown, places: Places, diagnostics: Diagnostics): void {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const known = [...new Set(keysAt(schema, path))]; // of every branch of a union, so that another branch may know the key
    const ofConfig = new Set(keysAt(schema, [...path, 'config']));
    for (const key of issue.keys) {
      const others = known.filter((name) => name !== key);
      const at = places.keyAt([...path, key]);
      diagnostics.report(ofConfig.has(key) ? keyOfConfig(key, at) : unknownKey(key, others, at));
    }
    return;
  }
  const owner = path.slice(0, -1);
  const absent = path.length > 0 && valueAt(value, path) === undefined;
  const missing = absent && typeof valueAt(value, owner) === 'object'; // one text may stand for a list of one
  const message = missing ? `The key '${String(path.at(-1))}' is missing.` : `${label(path)}${wording(issue)}`;
  const isOwnKey = !absent && places.keyAt(path).line < places.at(path).line; // a list or mapping in the lines below its key
  const at = isOwnKey ? places.keyAt(path) : places.at(absent ? owner : path);
  diagnostics.report(
    new GccflowError('VALUE_INVALID', message, { at, hint: hintOf(issue, value, path) ?? hintOfKey(issue, schema, path, value) }),
  );
}

/** The key that was meant, where it stands for a list or mapping, and the one that is written takes none. */
function hintOfKey(issue: Issue, schema: z.ZodType, path: YamlPath, value: unknown): string | undefined {
  const key = path.at(-1);
  const isWhole = typeof valueAt(value, path) === 'object' && (issue.code === 'invalid_union' || issue.code === 'invalid_type');
  return isWhole && typeof key === 'string'
    ? didYouMean(
        key,
        [...keysAt(schema, path.slice(0, -1))].filter((name) => name !== key),
      )
    : undefined;
}

/** The mistake of a key that stands beside `config` and belongs into it. */
function keyOfConfig(key: string, at: Location): GccflowError {
  return new GccflowError('KEY_UNKNOWN', `The key '${key}' is one of the config.`, { at, hint: `Write: config: { ${key}: … }.` });
}

/** The mistake of a key that the file kind does not have. */
export function unknownKey(key: string, known: readonly string[], at: Location): GccflowError {
  const hint = didYouMean(key, known) ?? (known.length === 0 ? 'No key is expected here.' : `Known here: ${known.toSorted().join(', ')}.`);
  return new GccflowError('KEY_UNKNOWN', `The key '${key}' is not known here.`, { at, hint });
}

/** Of a union's branches the one that fits best: its mistakes lie deepest, then are fewest. */
function likeliest(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const depth = (branch: readonly Issue[]): number =>
    Math.max(0, ...branch.map((inner) => inner.path.length + (inner.code === 'unrecognized_keys' ? 1 : 0)));
  const deepest = Math.max(...issue.errors.map(depth));
  if (deepest === 0) return [issue];
  const missing = issue.errors.map(missingKey);
  if (missing.every((key) => key !== null))
    return [{ ...issue, code: 'custom', message: `one of the keys ${missing.join(', ')} is expected.` }];
  const [best] = issue.errors.filter((branch) => depth(branch) === deepest).toSorted((a, b) => a.length - b.length);
  return (best ?? []).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(likeliest);
}

/** The first key that a branch of a union misses; null where that is not all that is wrong with it. */
function missingKey(branch: readonly Issue[]): string | null {
  return branch.every((issue) => issue.path.length === 1 && isMissing(issue)) ? String(branch[0]?.path[0]) : null;
}

function isMissing(issue: Issue): boolean {
  if (issue.code === 'invalid_union') return issue.errors.every((branch) => branch.every(isMissing));
  return issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
}

const label = (path: YamlPath): string =>
  path.length === 0 ? 'The file: ' : `'${path.filter((part) => typeof part === 'string').at(-1)}': `;

function wording(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (!issue.message.startsWith('Invalid input')) return `${issue.message}.`;
      return `a value of type ${issue.expected === 'record' || issue.expected === 'object' ? 'mapping' : issue.expected} is expected.`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')} is expected.`;
    case 'invalid_key':
      return `${issue.issues[0]?.message ?? 'another key is expected'}.`;
    case 'invalid_union':
      if (issue.message !== 'Invalid input') return `${issue.message}.`;
      return `${unionWording(issue)} is expected.`;
    case 'custom':
      return issue.message;
    default:
      return `${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}.`;
  }
}

function unionWording(issue: Issue & { readonly code: 'invalid_union' }): string {
  const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
  if (options.length > 0) return `one of ${options.join(', ')}`;
  const expected = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_type' ? [inner.expected] : []));
  return [...new Set(expected)].map((type) => (type === 'object' || type === 'record' ? 'mapping' : type)).join(' or ') || 'another value';
}

function hintOf(issue: Issue, value: unknown, path: YamlPath): string | undefined {
  const given = valueAt(value, path);
  if (typeof given !== 'string') return undefined;
  const key = path.findLast((part) => typeof part === 'string');
  if (issue.code === 'invalid_value') return hintOfDbtName(key ?? '', given) ?? didYouMean(given, issue.values.map(String));
  return issue.code === 'invalid_union' && 'options' in issue ? didYouMean(given, (issue.options as unknown[]).map(String)) : undefined;
}

function valueAt(value: unknown, path: YamlPath): unknown {
  return path.reduce<unknown>((inner, key) => (inner !== null && typeof inner === 'object' ? Reflect.get(inner, key) : undefined), value);
}

/** The keys that mappings at `path` may have, over all branches of the schema. */
function* keysAt(schema: unknown, path: YamlPath): Generator<string> {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    yield* keysAt(schema.unwrap(), path);
  } else if (schema instanceof z.ZodLazy) {
    yield* keysAt(schema.unwrap(), path);
  } else if (schema instanceof z.ZodUnion) {
    for (const option of schema.options) yield* keysAt(option, path);
  } else if (schema instanceof z.ZodPipe) {
    yield* keysAt(schema.in, path);
  } else if (schema instanceof z.ZodObject) {
    const [head, ...tail] = path;
    if (head === undefined) yield* Object.keys(schema.shape);
    else yield* keysAt(schema.shape[head], tail);
  } else if (schema instanceof z.ZodArray) {
    yield* keysAt(schema.element, path.slice(1));
  } else if (schema instanceof z.ZodRecord) {
    yield* keysAt(schema.valueType, path.slice(1));
  }
}
