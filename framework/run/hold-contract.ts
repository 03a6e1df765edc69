import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import { contractMistakes, type ReturnedColumn } from '../manifest/contract.ts';
import type { ModelNode } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { addedColumns } from '../materializations/added-columns.ts';
import type { NodeStatements } from './node-statements.ts';

/**
 * Holds the new rows of a model against its enforced contract: the columns and types of the stage, then every constraint, counted in one
 * query. Throws CONTRACT_BROKEN with all that differs.
 */
export async function holdContract(node: ModelNode, stage: Relation, statements: NodeStatements): Promise<void> {
  if (!node.config.contract.enforced) return;
  const returned = await statements.query<ReturnedColumn>(`describe table ${relationSql(stage)}`);
  const [first, ...others] = contractMistakes(node, promisedColumns(node, returned));
  if (first)
    throw broken(
      node,
      [first, ...others].map(({ message }) => message),
      first,
    );
  const constraints = constraintsOf(node);
  if (constraints.length === 0) return;
  const counts = constraints.map(({ sql }, index) => `countIf(not ifNull(${sql}, false)) as c${index}`);
  const [row] = await statements.query<Record<string, string>>(`select ${counts.join(', ')} from ${relationSql(stage)}`);
  const violated = constraints.flatMap(({ says, sql }, index) => {
    const rows = Number(row?.[`c${index}`] ?? 0);
    return rows === 0 ? [] : [{ message: `${rows.toLocaleString('en-US')} ${rows === 1 ? 'row breaks' : 'rows break'} ${says}.`, sql }];
  });
  if (violated.length === 0) return;
  const show = violated.map(({ sql }) => `select * from ${relationSql(stage)} where not ifNull(${sql}, false)`).join('\n');
  throw broken(
    node,
    violated.map(({ message }) => message),
    { at: node.at, hint: `The new rows are kept until the next build of the node; these queries show them:\n${show}` },
  );
}

interface ConstraintSql {
  /** True of a row that holds it. */
  readonly sql: string;
  readonly says: string;
}

/** What a contract is about: not the columns that the materialization adds, unless they are declared. */
export function promisedColumns<Returned extends ReturnedColumn>(node: ModelNode, returned: readonly Returned[]): readonly Returned[] {
  const declared = new Set(node.columns.map(({ name }) => name));
  const added = new Set(addedColumns(node.config).map(({ name }) => name));
  return returned.filter(({ name }) => declared.has(name) || !added.has(name));
}

function constraintsOf(node: ModelNode): ConstraintSql[] {
  const ofColumns = node.columns.flatMap(({ name, constraints }) => constraints.map((constraint) => ({ constraint, column: name })));
  const ofModel = node.constraints.map((constraint) => ({ constraint, column: null }));
  return [...ofColumns, ...ofModel].flatMap(({ constraint, column }) => {
    if (constraint.type === 'check') {
      const name = constraint.name === null ? '' : ` '${constraint.name}'`;
      return [{ sql: `(${constraint.expression})`, says: `the check${name} '${constraint.expression}'` }];
    }
    return column === null ? [] : [{ sql: `${quoteName(column, 'clickhouse')} is not null`, says: `the not_null of '${column}'` }];
  });
}

function broken(node: ModelNode, messages: readonly string[], { at, hint }: Pick<GccflowError, 'at' | 'hint'>): GccflowError {
  const message = `The new rows of '${node.name}' break its contract, so they were not published; the old relation is untouched.\n${messages.join('\n')}`;
  return new GccflowError('CONTRACT_BROKEN', message, { at, hint });
}
