import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { CommandEntry } from './command.ts';

export type Commands = ReadonlyMap<string, CommandEntry>;

/** The command that the words begin with, if there is one. Commands of two words come first: `warehouse serve`. */
export function findCommand([first = '', second = '']: readonly string[], commands: Commands): CommandEntry | undefined {
  return commands.get(`${first} ${second}`) ?? commands.get(first);
}

/** USAGE for words that no command begins with, with the nearest name, or with what to do instead of a command that dbt has. */
export function unknownCommand([first = '', second = '']: readonly string[], commands: Commands): GccflowError {
  const both = `${first} ${second}`.trim();
  const longer = [...commands.keys()].filter((command) => command.startsWith(`${first} `));
  const listed = longer.length > 0 ? `There are ${longer.map((command) => `'${command}'`).join(', ')}.` : undefined;
  const near =
    didYouMean(both, commands.keys()) ?? didYouMean(first, new Set([...commands.keys()].map((command) => command.split(' ')[0] ?? '')));
  const hint = dbtCommands[first] ?? listed ?? near ?? '`gccflow --help` lists the commands.';
  return new GccflowError('USAGE', `There is no command '${listed === undefined ? first : both}'.`, { hint });
}

const dbtCommands: Readonly<Record<string, string>> = {
  parse: '`gccflow ls` reads the whole project and names every mistake.',
  deps: 'A project has no packages to install; macros are files of its own.',
  clone: 'Refs can read the relations of another target: --defer --state FOLDER, with the artifacts of its last run.',
  snapshot: 'A snapshot is a model with materialized="snapshot": `gccflow build --select config.materialized:snapshot`.',
  'run-operation': "Statements run as a model's pre_hook or post_hook.",
};
