import type { Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import type { ExitCode } from './exit-code.ts';
import type { EverywhereOptions } from './options.ts';
import type { Output } from './output.ts';
import type { Secrets } from './secrets.ts';

/** One flag of a command. */
export interface Option {
  /** `list` takes several values and may be repeated. */
  readonly type: 'boolean' | 'text' | 'number' | 'list';
  readonly description: string;
  /** A boolean that is on where nothing is said, and turned off by `--no-NAME`. */
  readonly negated?: boolean;
  /** The least that a number may be; 1 where nothing is said. */
  readonly least?: number;
  /** A single letter. */
  readonly short?: string;
  readonly aliases?: readonly string[];
  /** What stands for the value in help: `FOLDER`. */
  readonly value?: string;
  /** The only values it takes. */
  readonly choices?: readonly string[];
  /** What the shell offers for its value. */
  readonly completes?: 'node' | 'sink' | 'ingest' | 'flow' | 'api' | 'sync' | 'target' | 'selector' | 'folder';
}

export type Options = Readonly<Record<string, Option>>;

/** An argument without a dash. */
export interface Positional {
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  /** Takes all that follow. Only the last one may. */
  readonly several?: boolean;
  readonly choices?: readonly string[];
  readonly completes?: 'node' | 'sink' | 'ingest' | 'flow' | 'api' | 'sync' | 'folder';
}

type ValueOf<O extends Option> = O['type'] extends 'boolean'
  ? boolean | undefined
  : O['type'] extends 'number'
    ? number | undefined
    : O['type'] extends 'list'
      ? readonly string[]
      : (O extends { readonly choices: readonly (infer Choice)[] } ? Choice : string) | undefined;

/** What the command line gave for each option; undefined, or an empty list, where it gave none. */
export type Values<O extends Options> = { readonly [Name in keyof O]: ValueOf<O[Name]> };

/** What a command gets besides its arguments. */
export interface CommandContext {
  /** The arguments without a dash, after the command's name. */
  readonly positionals: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
  readonly log: Log;
  readonly clock: Clock;
  /** Every command by its name. */
  readonly commands: ReadonlyMap<string, CommandEntry>;
  readonly secrets: Secrets;
  /** Aborts on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Says how long the command may take to end after that, and what it does meanwhile; 15 s to end statements where it says nothing. */
  readonly allowStop: (ms: number, meanwhile: string) => void;
}

export interface Example {
  readonly command: string;
  readonly description: string;
}

/** A command of the command line. `run` loads the rooms it uses itself, so that help and other commands stay fast. */
export interface Command<O extends Options = Options> {
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /** A paragraph for `gccflow NAME --help`. */
  readonly description: string;
  readonly examples: readonly Example[];
  readonly positionals: readonly Positional[];
  readonly options: O;
  /** Runs until it is stopped: a signal is its ordinary end. */
  readonly service?: boolean;
  readonly run: (values: Values<O & EverywhereOptions>, context: CommandContext) => Promise<ExitCode>;
}

/** A command before it is loaded. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Checks a command's types where it is written, and forgets its options' own so that commands fit in one registry. */
export function defineCommand<const O extends Options>(command: Command<O>): Command {
  return command as unknown as Command;
}
