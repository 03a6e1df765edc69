import type { Position } from '../foundation/location.ts';
import type { YamlPath } from './parse-yaml.ts';

/** Rows as a unit test states them, and where in its file. */
export type UnitTestRows = { readonly path: YamlPath; readonly at: Position } & (
  | { readonly format: 'dict'; readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | { readonly format: 'csv' | 'sql'; readonly text: string }
  | { readonly format: 'fixture'; readonly name: string; readonly as: 'csv' | 'sql' | null }
);

/** Rows that stand for what a model reads. */
export interface UnitTestGiven {
  /** As it is written; null where there is none. */
  readonly input: string | null;
  readonly at: Position;
  /** null: those of the seed's own file. */
  readonly rows: UnitTestRows | null;
}

export interface UnitTestExpect {
  /** null where only parts are compared. */
  readonly rows: UnitTestRows | null;
  readonly ordered: boolean;
  /** Rows of WITH expressions. */
  readonly ctes: readonly { readonly name: string; readonly at: Position; readonly rows: UnitTestRows }[];
  /** What a macro renders to. */
  readonly sql: string | null;
}

/** What is different from the project while a unit test runs. */
export interface UnitTestOverrides {
  readonly vars: Readonly<Record<string, unknown>>;
  /** Texts of macros and helpers. */
  readonly macros: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly incremental: boolean;
  /** An instant in ISO 8601, with up to nine digits behind the second; null where the clock goes on. */
  readonly now: string | null;
  /** Where the vars and the macros stand, by name; and `is_incremental`. */
  readonly varsAt: Readonly<Record<string, Position>>;
  readonly macrosAt: Readonly<Record<string, Position>>;
}

/** What is tested. */
export type UnitTestSubject =
  | { readonly kind: 'model'; readonly name: string; readonly at: Position }
  | {
      readonly kind: 'macro';
      readonly name: string;
      readonly at: Position;
      readonly arguments: Readonly<Record<string, unknown>>;
      /** Where the arguments stand; the macro's name where there are none. */
      readonly argumentsAt: Position;
    };

/** One unit test of a properties file. */
export interface UnitTest {
  readonly name: string;
  readonly file: string;
  readonly at: Position;
  readonly subject: UnitTestSubject;
  readonly description: string;
  /** null where the key is left out. */
  readonly given: readonly UnitTestGiven[] | null;
  readonly expect: UnitTestExpect;
  readonly overrides: UnitTestOverrides;
  readonly config: { readonly enabled: boolean; readonly tags: readonly string[]; readonly meta: Readonly<Record<string, unknown>> };
}

/** A file of rows: `tests/fixtures/NAME.csv` or `.sql`. */
export interface Fixture {
  readonly name: string;
  /** Relative to the project's folder, with `/`. */
  readonly file: string;
  readonly format: 'csv' | 'sql';
}
