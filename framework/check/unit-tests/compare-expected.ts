import { GccflowError } from '../../foundation/error.ts';
import { quoteName, quoteText } from '../../foundation/quote.ts';
import type { TestRows, UnitTestNode } from '../../manifest/manifest.ts';
import type { ModelConfig } from '../../project/model-config.ts';
import type { EngineAnswer } from '../check-engine.ts';
import type { TypedColumn } from '../checked-graph.ts';
import { checkRows, expectedNames } from './check-rows.ts';
import { bareType } from './clickhouse-type.ts';
import { compareRows, type RowsDiff, type TextRow } from './compare-rows.ts';
import { describedColumns } from './described.ts';
import { formatDiff } from './format-diff.ts';
import { readRows } from './read-rows.ts';
import { rowsFault } from './rows-fault.ts';
import { placeOfRow } from './rows-places.ts';
import { selectRows, type WrittenRows } from './rows-source.ts';
import type { Outcome, TestContext } from './run-unit-tests.ts';

/** A SELECT, and the rows it should give. */
export interface Question {
  /** What it is, for a sentence: `'mart_post'`, `'stats' of 'mart_post'`. */
  readonly subject: string;
  readonly sql: string;
  /** What it returns; null where ClickHouse is to be asked. */
  readonly columns: readonly TypedColumn[] | null;
  readonly rows: TestRows;
}

export interface CompareContext extends TestContext {
  readonly settings: ModelConfig['query_settings'];
  readonly prepareSql: (sql: string) => string;
  /** What is wrong where the SELECT fails. */
  readonly explain: (answer: EngineAnswer | undefined) => Promise<GccflowError>;
}

/** Runs a SELECT and compares what it gives with what is expected, in the columns that are named and as ClickHouse writes the values. */
export async function compareExpected(question: Question, test: UnitTestNode, context: CompareContext): Promise<Outcome> {
  const { engine, explain, places } = context;
  const failed = (...errors: GccflowError[]): Outcome => ({ failures: 0, errors, sql: question.sql });
  const columns = question.columns ?? (await describe(question.sql, context));
  if (!('length' in columns)) return failed(await explain(columns));

  const place = { rows: question.rows, places, projectDir: context.manifest.projectDir, file: test.file };
  const expected = await readRows(question.rows, { ...context, ...place });
  const subject = { ...place, name: question.subject, columns };
  const { names, mistakes } = expectedNames(expected, subject);
  const unfit = [...checkRows(expected, subject), ...mistakes];
  if (unfit.length > 0) return failed(...unfit);

  const compared = columns.filter(({ name }) => names.includes(name));
  const [got] = await engine.run([{ sql: selectTexts(question.sql, compared, context.settings) }]);
  if (got?.kind !== 'rows') return failed(await explain(got));
  const rows = textRows(got.rows);
  const isFloat = compared.map(({ type }) => type.includes('Float'));
  const compare = (texts: readonly TextRow[]): RowsDiff => compareRows(texts, rows, { ordered: test.expect.ordered, isFloat });
  const written = textsOf(expected, compared);
  if (written && compare(written).length === 0) return { failures: 0, errors: [], sql: question.sql };

  const [wanted] = await engine.run([{ sql: selectTexts(selectRows(expected, compared), compared, {}) }]);
  if (wanted?.kind !== 'rows') return failed(rowsFault('The expected rows cannot be read', wanted, placeOfRow(expected, wanted, place)));
  const diff = compare(textRows(wanted.rows));
  if (diff.length === 0) return { failures: 0, errors: [], sql: question.sql };
  return { failures: diff.length, errors: [differs(question.subject, diff, compared, test, context.width)], sql: question.sql };
}

/**
 * Values as they are written in the test, where all are scalars. Where ClickHouse writes its own rows the same, they are: it need not be asked how
 * it would write these, which is a quarter of a test's time.
 */
function textsOf(expected: WrittenRows, columns: readonly TypedColumn[]): readonly TextRow[] | null {
  if (expected.format !== 'dict') return null;
  const rows = expected.rows.map((row) => columns.map(({ name }) => row[name] ?? null));
  if (rows.some((row) => row.some((value) => typeof value === 'object' && value !== null))) return null;
  return textRows(rows);
}

async function describe(
  sql: string,
  { engine, settings }: CompareContext,
): Promise<readonly TypedColumn[] | Exclude<EngineAnswer, { kind: 'rows' }>> {
  const [answer] = await engine.run([{ sql: `describe (\n${sql}\n)`, settings }]);
  if (answer?.kind === 'rows') return describedColumns(answer.rows);
  return answer ?? { kind: 'lost', why: 'crashed' };
}

/** One thread keeps the order and makes any() the first row's. */
const testSettings = { session_timezone: 'UTC', max_threads: 1 };

/** Types whose values JSON holds as ClickHouse writes them as text; those of numbers with a fraction where they are quoted. */
const plain = /^(?:U?Int\d+|String|Bool|UUID|IPv[46]|Enum|Date|Decimal|Float64)/;
const quotedNumbers = {
  output_format_json_quote_decimals: 1,
  output_format_json_quote_64bit_floats: 1,
  output_format_json_quote_denormals: 1,
};

/** Every value as ClickHouse writes it. */
function selectTexts(sql: string, columns: readonly TypedColumn[], settings: ModelConfig['query_settings']): string {
  const texts = columns.map(({ name, type }) => {
    const quoted = quoteName(name, 'clickhouse');
    return plain.test(bareType(type).type) ? quoted : `toString(${quoted})`;
  });
  const hasFraction = columns.some(({ type }) => /Decimal|Float64/.test(type));
  const all = { ...testSettings, ...(hasFraction && quotedNumbers), ...settings };
  const list = Object.entries(all).map(
    ([name, value]) => `${name} = ${typeof value === 'string' ? quoteText(value, 'clickhouse') : Number(value)}`,
  );
  return `select ${texts.join(', ')} from (\n${sql}\n) settings ${list.join(', ')}`;
}

function textRows(rows: readonly (readonly unknown[])[]): readonly TextRow[] {
  return rows.map((row) => row.map((value) => (value === null ? null : String(value))));
}

function differs(subject: string, diff: RowsDiff, columns: readonly TypedColumn[], test: UnitTestNode, width: number): GccflowError {
  const count = (word: string, of: (pair: RowsDiff[number]) => boolean): string[] => {
    const number = diff.filter(of).length;
    return number === 0 ? [] : [`${number} ${word}`];
  };
  const counts = [
    ...count('different', ({ expected, got }) => expected !== null && got !== null),
    ...count('missing', ({ got }) => got === null),
    ...count('extra', ({ expected }) => expected === null),
  ];
  const lines = formatDiff(
    diff,
    columns.map(({ name }) => name),
    width,
  );
  const message = `The unit test '${test.name}' got other rows of ${subject} than it expects: ${counts.join(', ')}.`;
  return new GccflowError('UNIT_TEST_FAILED', [message, ...lines].join('\n'), { at: test.at });
}
