import type { ScheduledCommand } from '../check/scheduled-command.ts';
import type { Node } from '../manifest/manifest.ts';
import type { Values } from './command.ts';
import { type Commands, findCommand, unknownCommand } from './find-command.ts';
import { everywhereOptions, type SelectionOptions } from './options.ts';
import { parseArguments, roughArguments } from './parse-arguments.ts';

/** What the arguments of a command line would select. Throws USAGE as the command line itself does. */
export async function readScheduled(argv: readonly string[], commands: Commands): Promise<ScheduledCommand> {
  const { words } = roughArguments(argv);
  const entry = findCommand(words, commands);
  if (entry === undefined) throw unknownCommand(words, commands);
  const command = await entry.load();
  const { values, positionals } = parseArguments(argv, { ...command, options: { ...command.options, ...everywhereOptions } });
  const { select = [], exclude = [], selector, ...others } = values as Partial<Values<SelectionOptions>>;
  const kinds = (others['resource-type'] ?? []) as readonly Node['kind'][];
  return { name: entry.name, names: positionals, select, exclude, selector, kinds };
}
