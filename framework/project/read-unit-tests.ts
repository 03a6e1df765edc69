import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { type Position, positionOf } from '../foundation/location.ts';
import type { YamlDocument, YamlPath } from './parse-yaml.ts';
import type { UnitTest, UnitTestExpect, UnitTestOverrides, UnitTestRows, UnitTestSubject } from './unit-test.ts';
import type { RowsEntry, UnitTestEntry } from './unit-test-entry.ts';

/** The unit tests of a properties file whose shape has been checked. Contradictions are reported as VALUE_INVALID, and their test is left out. */
export function readUnitTests(entries: readonly UnitTestEntry[], document: YamlDocument, diagnostics: Diagnostics): UnitTest[] {
  return entries.flatMap((entry, index) => new UnitTestReader(document, ['unit_tests', index], diagnostics).read(entry) ?? []);
}

class UnitTestReader {
  readonly #document: YamlDocument;
  readonly #path: YamlPath;
  readonly #diagnostics: Diagnostics;
  #isSound = true;

  constructor(document: YamlDocument, path: YamlPath, diagnostics: Diagnostics) {
    this.#document = document;
    this.#path = path;
    this.#diagnostics = diagnostics;
  }

  /** null after reporting. */
  read(entry: UnitTestEntry): UnitTest | null {
    const subject = this.#subject(entry);
    const given = entry.given?.map(({ input, ...rows }, index) => this.#given(input ?? null, rows, entry, ['given', index])) ?? null;
    const expect = this.#expect(entry);
    const overrides = this.#overrides(entry);
    if (!this.#isSound || !subject) return null;
    const { name, description, config } = entry;
    return { name, file: this.#document.file, at: this.#at(['name']), subject, description, given, expect, overrides, config };
  }

  #subject({ model, macro, arguments: given }: UnitTestEntry): UnitTestSubject | null {
    if (model !== undefined && given !== undefined) this.#refuse(['arguments'], "'arguments' are those of a macro, and a model is tested.");
    if (model !== undefined && macro === undefined) return { kind: 'model', name: model, at: this.#at(['model']) };
    if (macro !== undefined && model === undefined) {
      const argumentsAt = this.#at([given === undefined ? 'macro' : 'arguments']);
      return { kind: 'macro', name: macro, at: this.#at(['macro']), arguments: given ?? {}, argumentsAt };
    }
    const both = model !== undefined;
    this.#refuse(both ? ['macro'] : [], `A unit test names ${both ? "either a 'model' or a 'macro'" : "a 'model' or a 'macro'"}.`);
    return null;
  }

  #given(input: string | null, entry: RowsEntry, { macro }: UnitTestEntry, path: YamlPath) {
    const isMacro = macro !== undefined;
    if (isMacro && input !== null) this.#refuse([...path, 'input'], 'A macro reads no relation.', "Leave 'input' out.");
    if (!isMacro && input === null) {
      this.#refuse(path, "The key 'input' is missing.", 'It names what the rows stand for, such as {{ref "stg_post"}}, or \'this\'.');
    }
    const isWithout = entry.rows === undefined && entry.fixture === undefined;
    if (isWithout && isMacro) this.#refuse(path, "The key 'rows' is missing.");
    return { input, at: this.#at([...path, 'input']), rows: isWithout ? null : this.#rows(entry, path) };
  }

  #expect({ expect, macro }: UnitTestEntry): UnitTestExpect {
    const { ordered, ctes, sql, ...entry } = expect;
    const hasRows = entry.rows !== undefined || entry.fixture !== undefined;
    const names = Object.keys(ctes);
    if (!hasRows && sql === undefined && names.length === 0) {
      this.#refuse(
        ['expect'],
        `'expect' says nothing: it takes ${macro === undefined ? "'rows', a 'fixture' or 'ctes'" : "'sql' or 'rows'"}.`,
      );
    }
    if (macro === undefined && sql !== undefined)
      this.#refuse(['expect', 'sql'], "'sql' is what a macro renders to, and a model is tested.");
    if (macro !== undefined && names.length > 0) this.#refuse(['expect', 'ctes'], "'ctes' are parts of a model, and a macro is tested.");
    return {
      rows: hasRows ? this.#rows(entry, ['expect']) : null,
      ordered,
      sql: sql ?? null,
      ctes: Object.entries(ctes).flatMap(([name, part]) => {
        const rows = this.#rows(part, ['expect', 'ctes', name]);
        return rows ? [{ name, at: positionOf(this.#document.keyAt([...this.#path, 'expect', 'ctes', name])), rows }] : [];
      }),
    };
  }

  /** null after reporting. */
  #rows({ rows, format, fixture }: RowsEntry, path: YamlPath): UnitTestRows | null {
    const key = fixture === undefined ? 'rows' : 'fixture';
    const place = { path: [...this.#path, ...path, key], at: this.#at([...path, key]) };
    if (fixture !== undefined) {
      if (rows !== undefined) return this.#refuse([...path, 'rows'], "There are 'rows' and a 'fixture'.", 'Keep one of the two.');
      if (format === 'dict') return this.#refuse([...path, 'format'], 'A fixture is a file in CSV or SQL.');
      return { ...place, format: 'fixture', name: fixture, as: format ?? null };
    }
    if (rows === undefined) return this.#refuse(path, "The key 'rows' is missing.");
    if (typeof rows !== 'string') {
      if (format === undefined || format === 'dict') return { ...place, format: 'dict', rows };
      return this.#refuse([...path, 'format'], `'rows' is a list, and the format '${format}' takes a text.`);
    }
    if (format === 'csv' || format === 'sql') return { ...place, format, text: rows };
    return this.#refuse([...path, 'rows'], "'rows' is a text whose format is not said.", "Add 'format: csv' or 'format: sql'.");
  }

  #overrides({ overrides }: UnitTestEntry): UnitTestOverrides {
    const { vars, macros, env, env_vars, now } = overrides;
    const { is_incremental: incremental, ...texts } = macros;
    if (incremental !== undefined && typeof incremental !== 'boolean') {
      this.#refuse(['overrides', 'macros', 'is_incremental'], "'is_incremental' is true or false.");
    }
    const instant = now === undefined ? null : parseInstant(now);
    if (now !== undefined && instant === null) {
      this.#refuse(['overrides', 'now'], `'${now}' is no time.`, 'Write for example 2024-03-01 12:00:00 or 2024-03-01T12:00:00.250+05:30.');
    }
    return {
      vars,
      macros: Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, String(value)])),
      env: { ...env, ...env_vars },
      incremental: incremental === true,
      now: instant,
      varsAt: this.#keysAt(['overrides', 'vars'], vars),
      macrosAt: this.#keysAt(['overrides', 'macros'], macros),
    };
  }

  #keysAt(path: YamlPath, keys: object): Record<string, Position> {
    return Object.fromEntries(Object.keys(keys).map((key) => [key, positionOf(this.#document.keyAt([...this.#path, ...path, key]))]));
  }

  #at(path: YamlPath): Position {
    return positionOf(this.#document.at([...this.#path, ...path]));
  }

  #refuse(path: YamlPath, message: string, hint?: string): null {
    this.#isSound = false;
    this.#diagnostics.report(new GccflowError('VALUE_INVALID', message, { at: this.#document.at([...this.#path, ...path]), hint }));
    return null;
  }
}

/** A time as ISO 8601 in UTC, with the digits behind the second that it is written with; null where it is none. */
function parseInstant(text: string): string | null {
  const [, date, time = '00:00', fraction = '', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(\.\d{1,9})?)? ?(Z|UTC|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const written = new Date(`${date}T${time}Z`);
  if (Number.isNaN(written.getTime()) || !written.toISOString().startsWith(`${date}T${time}`)) return null; // such as 31 February
  const instant = new Date(`${date}T${time}${zone === 'UTC' ? 'Z' : zone}`);
  return Number.isNaN(instant.getTime()) ? null : `${instant.toISOString().slice(0, 19)}${fraction}Z`;
}
