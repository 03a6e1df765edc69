import type { Location } from '../foundation/location.ts';

/** A template's text and what can be read from it without rendering. */
export interface Template {
  readonly text: string;
  readonly file: string;
  /** Where the text begins in its file (1:1 for a .sql file; elsewhere the YAML value's place). */
  readonly start: Location;
  readonly refs: readonly RefCall[];
  readonly sources: readonly SourceCall[];
  readonly configs: readonly ConfigCall[];
  /** Vars, env names, macros and helpers the template itself names, each once per use. */
  readonly vars: readonly NamedCall[];
  readonly envs: readonly NamedCall[];
  readonly macros: readonly NamedCall[];
  readonly helpers: readonly NamedCall[];
}

export interface NamedCall {
  readonly name: string;
  readonly at: Location;
}

export interface RefCall extends NamedCall {
  readonly final: boolean;
}

export interface SourceCall {
  readonly source: string;
  readonly table: string;
  readonly final: boolean;
  readonly at: Location;
}

/** One `{{config key=value …}}`. */
export interface ConfigCall {
  readonly values: Readonly<Record<string, ConfigValue>>;
  readonly at: Location;
}

export interface ConfigValue {
  readonly value: unknown;
  readonly at: Location;
}
