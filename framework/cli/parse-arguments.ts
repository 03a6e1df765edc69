import parser from 'yargs-parser';
import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Command, Option, Options, Positional } from './command.ts';
import { everywhereOptions } from './options.ts';

export interface Arguments {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

/** The part of a command that says how its arguments read. */
export type Parsed = Pick<Command, 'name' | 'options' | 'positionals'>;

/** The flags of every command, as they were typed. */
export type RoughFlags = Readonly<Record<string, unknown>>;

/** What can be told before the command is known: its words, and the flags of every command, unchecked. */
export function roughArguments(argv: readonly string[]): {
  readonly words: readonly string[];
  readonly flags: RoughFlags;
} {
  const { _: words, ...flags } = parse(argv, everywhereOptions);
  return { words: words.map(String), flags };
}

/** The arguments of a command. Throws USAGE for a flag, value or argument it does not take, with the nearest name. */
export function parseArguments(argv: readonly string[], { name: command, options, positionals }: Parsed): Arguments {
  const { _: words, ...given } = parse(argv, options);
  const names = new Map(Object.entries(options).flatMap(([name, option]) => spellings(name, option).map((spelling) => [spelling, name])));
  for (const name of Object.keys(given)) {
    if (!names.has(name)) throw unknownFlag(name, [...names.keys()]);
  }
  const values = Object.entries(options).map(([name, option]) => [name, readValue(name, option, given[name])]);
  const own = withoutCommand(words.map(String), command);
  return { values: Object.fromEntries(values), positionals: checkPositionals(own, positionals, options) };
}

function parse(argv: readonly string[], options: Options): parser.Arguments {
  const named = (type: Option['type']): string[] => Object.keys(options).filter((name) => options[name]?.type === type);
  return parser([...argv], {
    alias: Object.fromEntries(Object.entries(options).map(([name, option]) => [name, spellings(name, option).slice(1)])),
    boolean: named('boolean'),
    string: [...named('text'), ...named('number'), ...named('list'), '_'],
    array: named('list'),
    configuration: {
      'camel-case-expansion': false,
      'dot-notation': false,
      'duplicate-arguments-array': true,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
      'boolean-negation': true,
    },
  });
}

function withoutCommand(words: readonly string[], command: string): readonly string[] {
  const names = command === '' ? [] : command.split(' ');
  if (names.every((name, index) => words[index] === name)) return words.slice(names.length);
  throw new GccflowError('USAGE', `A flag before the command has taken '${command}' for its value.`, {
    hint: `Write the command first: gccflow ${command} …`,
  });
}

function spellings(name: string, option: Option): string[] {
  return [name, ...(option.short ? [option.short] : []), ...(option.aliases ?? [])];
}

function readValue(name: string, option: Option, given: unknown): unknown {
  if (option.type === 'list') return (Array.isArray(given) ? given : []).map((value) => checkText(name, option, value));
  const last = Array.isArray(given) ? given.at(-1) : given;
  if (last === undefined) return undefined;
  if (option.type === 'boolean') return last === true;
  const text = checkText(name, option, last);
  return option.type === 'number' ? checkNumber(name, option, text) : text;
}

function checkText(name: string, { choices }: Option, given: unknown): string {
  if (typeof given !== 'string' || given === '') throw new GccflowError('USAGE', `'--${name}' needs a value.`);
  if (choices && !choices.includes(given)) {
    throw new GccflowError('USAGE', `'--${name}' does not take '${given}'.`, {
      hint: `${nearest(given, choices)}It takes ${choices.join(', ')}.`,
    });
  }
  return given;
}

function checkNumber(name: string, { least = 1 }: Option, text: string): number {
  if (/^(0|[1-9]\d*)$/.test(text) && Number(text) >= least) return Number(text);
  const range = least === 0 ? '' : ` above ${least - 1}`;
  throw new GccflowError('USAGE', `'--${name}' takes a whole number${range}, not '${text}'.`);
}

function checkPositionals(words: readonly string[], positionals: readonly Positional[], options: Options): readonly string[] {
  const missing = positionals[words.length];
  if (missing?.required) throw new GccflowError('USAGE', `The argument ${missing.name.toUpperCase()} is missing: ${missing.description}`);
  const extra = positionals.at(-1)?.several ? undefined : words[positionals.length];
  if (extra !== undefined) {
    throw new GccflowError('USAGE', `The argument '${extra}' is one too many.`, { hint: missingFlag(options) });
  }
  for (const [index, { name, choices }] of positionals.entries()) {
    const word = words[index];
    if (word === undefined || !choices || choices.includes(word)) continue;
    throw new GccflowError('USAGE', `${name.toUpperCase()} is one of ${choices.join(', ')}, not '${word}'.`);
  }
  return words;
}

/** The flag that was probably left out before an argument that a command does not take. */
function missingFlag(options: Options): string {
  if ('select' in options) return 'To pick nodes, write --select before it.';
  return 'params' in options ? 'To give params, write --params before them.' : "The command's own help lists what it takes: add --help.";
}

function unknownFlag(name: string, known: readonly string[]): GccflowError {
  const dashes = name.length === 1 ? '-' : '--';
  const hint = dbtFlags[name] ?? (nearest(name, known, '--') || `The command's own help lists what it takes: add --help.`);
  return new GccflowError('USAGE', `There is no flag '${dashes}${name}' here.`, { hint: hint.trim() });
}

const oneProjectFile = 'Targets and their connections stand in project.yaml; --target picks one.';

/** What to do instead of a flag that dbt has. */
const dbtFlags: Readonly<Record<string, string>> = {
  profile: oneProjectFile,
  'profiles-dir': oneProjectFile,
  'store-failures': "Say store_failures in a test's config, or for all of them under 'tests:' in project.yaml.",
  'partial-parse': 'Files are read again when they change; gccflow clean removes the cache.',
};

function nearest(name: string, names: readonly string[], prefix = ''): string {
  const hint = didYouMean(
    prefix + name,
    names.map((known) => prefix + known),
  );
  return hint === undefined ? '' : `${hint} `;
}
