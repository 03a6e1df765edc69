import { relationSql } from '../manifest/relation.ts';
import { exactCast } from '../materializations/exact-cast.ts';
import type { SeedColumn } from '../materializations/seed-column.ts';
import type { StatementSettings } from '../materializations/statement.ts';
import type { WriteStep } from '../materializations/write-step.ts';
import { faultOf, type NodeStatements } from './node-statements.ts';

/** A text that is no value of its column's type. */
export interface UnfitText {
  /** Counts from 1; the header is none. */
  readonly row: number;
  /** Counts from 0. */
  readonly index: number;
  readonly column: SeedColumn;
}

export interface UnfitTexts {
  /** The first of them, in the file's order. */
  readonly first: readonly UnfitText[];
  readonly total: number;
  /** Whether there may be more than `total`: where a cast throws, the search ends when enough are found. */
  readonly isLeast: boolean;
}

type FitStep = Pick<Extract<WriteStep, { kind: 'fit_types' }>, 'from' | 'columns'> & { readonly settings?: StatementSettings };
type Queries = Pick<NodeStatements, 'query'>;

/** As many as anybody reads. */
const maxListed = 20;

/** The texts that do not fit; by one query where the types have casts that do not throw. */
export async function findUnfit(step: FitStep, statements: Queries): Promise<UnfitTexts> {
  const columns = step.columns.map((column, index) => ({ column, index, cast: exactCast(column) }));
  const [last] = await statements.query<{ rows: string }>(`select count() as rows from ${relationSql(step.from)}`);
  const search = new UnfitSearch(step, statements);
  const quiet = columns.filter(({ cast }) => !cast.throws);
  for (const group of [quiet, ...columns.filter(({ cast }) => cast.throws).map((column) => [column])]) {
    await search.among(group, 1, Number(last?.rows));
  }
  const first = search.found.toSorted((a, b) => a.row - b.row || a.index - b.index).slice(0, maxListed);
  return { first, total: search.total, isLeast: search.isLeast };
}

interface FoundRow {
  readonly gccflow_row: string;
  /** Counts from 1, among the columns that were asked for. */
  readonly column: number;
  readonly total: string;
}

interface Searched {
  readonly column: SeedColumn;
  readonly index: number;
  readonly cast: { readonly unfit: string };
}

class UnfitSearch {
  readonly found: UnfitText[] = [];
  total = 0;
  isLeast = false;
  readonly #step: FitStep;
  readonly #statements: Queries;

  constructor(step: FitStep, statements: Queries) {
    this.#step = step;
    this.#statements = statements;
  }

  /** Where a cast throws, the rows are halved until the one that it throws on stands alone. */
  async among(columns: readonly Searched[], from: number, to: number): Promise<void> {
    const [first] = columns;
    if (first === undefined || from > to) return;
    try {
      const rows = await this.#statements.query<FoundRow>(this.#sql(columns, from, to), this.#step.settings);
      this.total += Number(rows[0]?.total ?? 0);
      for (const { gccflow_row: row, column } of rows) {
        const { index, column: found } = columns[column - 1] ?? first;
        this.found.push({ row: Number(row), index, column: found });
      }
    } catch (thrown) {
      if ((faultOf(thrown)?.code ?? null) === null) throw thrown;
      if (columns.length > 1) for (const column of columns) await this.among([column], from, to);
      else if (from === to) this.#add({ row: from, index: first.index, column: first.column });
      else await this.#halve(columns, from, to);
    }
  }

  #add(text: UnfitText): void {
    this.total += 1;
    this.found.push(text);
  }

  async #halve(columns: readonly Searched[], from: number, to: number): Promise<void> {
    const middle = Math.floor((from + to) / 2);
    await this.among(columns, from, middle);
    if (this.found.length >= maxListed) this.isLeast = true;
    else await this.among(columns, middle + 1, to);
  }

  /** One insert in one thread wrote the rows, so their parts and places in them are the file's order. */
  #sql(columns: readonly Searched[], from: number, to: number): string {
    const flags = columns.map(({ cast }) => `toBool(${cast.unfit})`).join(',\n');
    return `select gccflow_row, column, count() over () as total
from (
  select gccflow_row, arrayJoin(arrayFilter((number, unfit) -> unfit, arrayEnumerate(flags), flags)) as column
  from (
    select gccflow_row, [${flags}] as flags
    from (
      select *, row_number() over (order by toUInt64(splitByChar('_', _part)[2]), _part_offset) as gccflow_row
      from ${relationSql(this.#step.from)}
    )
    where gccflow_row between ${from} and ${to}
  )
)
order by gccflow_row, column
limit ${maxListed}`;
  }
}
