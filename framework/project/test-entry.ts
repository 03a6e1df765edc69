import { z } from 'zod';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { type Position, positionOf } from '../foundation/location.ts';
import { checkShape, type Places } from './check-shape.ts';
import type { YamlPath } from './parse-yaml.ts';
import { partialOf } from './partial-of.ts';
import { TestConfig } from './test-config.ts';

/** A test as YAML declares it: `not_null`, or `accepted_values: { values: [a, b], severity: warn }`. */
export const TestEntries = z
  .array(z.union([z.string(), z.record(z.string(), z.unknown())]))
  .describe('Generic tests: a name, or one name with its arguments and config.');

/** Where an argument stands in the file that declares it. */
export interface ArgumentPlace {
  readonly at: Position;
  readonly keyAt: Position;
}

/** One generic test of a properties or source file. */
export interface TestDeclaration {
  /** The generic test's name. */
  readonly test: string;
  /** Given by the user; made of test, node, column and arguments where null. */
  readonly name: string | null;
  readonly description: string;
  readonly column: string | null;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly argumentPlaces: Readonly<Record<string, ArgumentPlace>>;
  readonly config: Partial<TestConfig>;
  /** In the file that declares it. */
  readonly at: Position;
}

/** What one place may state of a test's config. */
export const TestConfigEntry = partialOf(TestConfig);
const configKeys = new Set(Object.keys(TestConfig.shape));
const noDetails: Details = { name: null, description: '', arguments: {}, argumentPlaces: {}, config: {} };

/** The tests listed at `path`. Config keys may stand among the arguments or below `config:`, arguments also below `arguments:`. */
export function readTests(
  entries: readonly (string | Record<string, unknown>)[],
  column: string | null,
  path: YamlPath,
  places: Places,
  diagnostics: Diagnostics,
): TestDeclaration[] {
  return entries.flatMap((entry, index) => readTest(entry, column, [...path, index], places, diagnostics) ?? []);
}

function readTest(
  entry: string | Record<string, unknown>,
  column: string | null,
  path: YamlPath,
  places: Places,
  diagnostics: Diagnostics,
): TestDeclaration | null {
  if (typeof entry === 'string') return { test: entry, column, at: positionOf(places.at(path)), ...noDetails };
  const [[test, given] = [], ...others] = Object.entries(entry);
  const at = places.at(path);
  if (test === undefined || others.length > 0 || (given !== null && (typeof given !== 'object' || Array.isArray(given)))) {
    const hint = 'Write `- not_null` or `- accepted_values: { values: [a, b] }`; mind the indentation below the name.';
    diagnostics.report(new GccflowError('VALUE_INVALID', 'A test is a name, or one name with a mapping of arguments.', { at, hint }));
    return null;
  }
  const inside: Places = {
    at: (inner) => places.at([...path, test, ...inner]),
    keyAt: (inner) => places.keyAt([...path, test, ...inner]),
  };
  return { test, column, at: positionOf(at), ...readDetails((given ?? {}) as Record<string, unknown>, inside, diagnostics) };
}

type Details = Pick<TestDeclaration, 'name' | 'description' | 'arguments' | 'argumentPlaces' | 'config'>;

function readDetails(given: Record<string, unknown>, places: Places, diagnostics: Diagnostics): Details {
  const { name, description, config: nested, arguments: nestedArguments, ...rest } = given;
  const plain = Object.entries(rest);
  const shallow = Object.fromEntries(plain.filter(([key]) => configKeys.has(key)));
  const flatArguments = Object.fromEntries(plain.filter(([key]) => !configKeys.has(key)));
  const below: Places = { at: (path) => places.at(['config', ...path]), keyAt: (path) => places.keyAt(['config', ...path]) };
  const config = {
    ...checkShape(TestConfigEntry, shallow, places, diagnostics),
    ...(nested === undefined ? {} : checkShape(TestConfigEntry, nested, below, diagnostics)),
  };
  for (const [key, text] of Object.entries({ name, description })) {
    if (text === undefined || typeof text === 'string') continue;
    diagnostics.report(new GccflowError('VALUE_INVALID', `'${key}': a value of type string is expected.`, { at: places.at([key]) }));
  }
  return {
    name: typeof name === 'string' ? name : null,
    description: typeof description === 'string' ? description : '',
    arguments: { ...flatArguments, ...(nestedArguments as Record<string, unknown> | undefined) },
    argumentPlaces: { ...placesOf(flatArguments, [], places), ...placesOf(nestedArguments, ['arguments'], places) },
    config,
  };
}

function placesOf(given: unknown, path: YamlPath, places: Places): Record<string, ArgumentPlace> {
  const keys = given !== null && typeof given === 'object' ? Object.keys(given) : [];
  return Object.fromEntries(
    keys.map((key) => [key, { at: positionOf(places.at([...path, key])), keyAt: positionOf(places.keyAt([...path, key])) }]),
  );
}
