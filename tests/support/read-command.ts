import type { CommandReader } from '../../framework/check/scheduled-command.ts';
import { commands } from '../../framework/cli/commands/index.ts';
import { readScheduled } from '../../framework/cli/read-scheduled.ts';

/** Reads the commands of schedules as the command line does. */
export const readCommand: CommandReader = (argv) => readScheduled(argv, commands);
