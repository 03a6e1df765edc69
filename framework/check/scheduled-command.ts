import type { Node } from '../manifest/manifest.ts';

/** A command line of gccflow, as far as it says which nodes are meant. */
export interface ScheduledCommand {
  readonly name: string;
  /** The arguments without a dash, after the command's name. */
  readonly names: readonly string[];
  readonly select: readonly string[];
  readonly exclude: readonly string[];
  readonly selector: string | undefined;
  /** Those of `--resource-type`. */
  readonly kinds: readonly Node['kind'][];
}

/** Reads the arguments after `gccflow`. Throws USAGE for what the command line would refuse. */
export type CommandReader = (argv: readonly string[]) => Promise<ScheduledCommand>;
