import type { z } from 'zod';
import type { ErrorCode } from '../foundation/error-codes.ts';
import type { ModelConfig } from './model-config.ts';

/** What later rooms bring with them and a project is checked against; handed in, so that this room imports none of theirs. */
export interface Builtins {
  readonly materializations: ReadonlyMap<string, { readonly check: (config: ModelConfig) => readonly ConfigMistake[] }>;
  readonly genericTests: ReadonlyMap<string, GenericTest>;
}

/** A contradiction in a config, found before anything runs. */
export interface ConfigMistake {
  readonly code: ErrorCode;
  /** The config key at fault. */
  readonly key: string;
  readonly message: string;
  readonly hint?: string;
}

/** A test that properties files attach to models, seeds, sources and their columns. */
export interface GenericTest {
  readonly name: string;
  /** Whether it is declared below a column. With `optional`, `{{column_name}}` is null where there is none. */
  readonly column: 'required' | 'optional' | 'none';
  /** An argument that takes the column's place: one of the two is there. */
  readonly columnOr?: string;
  /** Checks the arguments and fills in defaults; strict, so that an unknown argument is a mistake. */
  readonly arguments: z.ZodType<Readonly<Record<string, unknown>>>;
  /** Arguments that name a relation (`dim`, `beat.profile`, `{{ref "dim"}}`): parents of the test, rendered as quoted relations. */
  readonly relations: readonly string[];
  /**
   * Handlebars template of a SELECT whose rows are the failures. It reads `{{model}}` (the relation under test, with FINAL and `where`
   * applied), `{{column_name}}` and the arguments by name; `{{identifier x}}` quotes a name, `{{literal x}}` writes a value or list of values.
   */
  readonly sql: string;
}
