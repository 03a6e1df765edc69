import { GccflowError } from '../foundation/error.ts';
import { renderMapped } from '../manifest/render-sql.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import type { TypedColumn } from './checked-graph.ts';
import type { FaultContext } from './explain-model.ts';
import { expandedAt } from './explain-sql.ts';
import { errorFinding } from './fault-finding.ts';
import { segments } from './fault-segments.ts';
import type { Finding } from './finding.ts';
import { without } from './place-fault.ts';
import { describedColumns, describeSelect } from './relation-statements.ts';
import type { RenderedModel } from './render-model.ts';
import { itemsOfColumn } from './select-items.ts';
import { sqlTokens } from './sql-tokens.ts';

/** Values of types that do not go together become a Variant, where a union, an if or an array brings them into one column. */
export async function silentVariants(
  model: RenderedModel,
  columns: readonly TypedColumn[],
  context: FaultContext,
): Promise<readonly Finding[]> {
  if (/variant|dynamic/i.test(model.sql)) return [];
  const findings: Finding[] = [];
  for (const [index, { name, type }] of columns.entries()) {
    if (!type.includes('Variant(')) continue;
    const mapped = renderMapped(context.manifest, model.node, { incremental: false });
    const offset = await placeOfVariant(model, name, index, context);
    const message = `${subjectOf(model.node)} returns the column '${name}' as ${type}: values of types that do not go together meet in it.`;
    const hint = 'Cast them to one type; where a Variant is meant, name the type in the SQL.';
    const error = new GccflowError('CHECK_TYPE', message, { at: mapped.sourceOf(offset).at, hint });
    findings.push({ ...errorFinding(model.node, error), ...expandedAt(mapped, offset) });
  }
  return findings;
}

const most = 60;

/** The value without which the others go together: of several the last. */
async function placeOfVariant({ node, sql }: RenderedModel, name: string, index: number, { engine }: FaultContext): Promise<number> {
  const items = itemsOfColumn(sql, name, index);
  const values = segments(sqlTokens(sql))
    .filter((part) => items.some(({ start, end }) => part.start >= start && part.end <= end))
    .slice(0, most);
  const statements = values.map((value) => ({ sql: describeSelect(without(sql, [value])), settings: node.config.query_settings }));
  const answers = await engine.run(statements);
  const fitting = values.filter((_, at) => {
    const columns = describedColumns(answers[at] ?? { kind: 'lost', why: 'crashed' });
    return columns[index] !== undefined && !columns[index].type.includes('Variant(');
  });
  const smallest = fitting.filter(
    ({ start, end }) => !fitting.some((other) => other.end - other.start < end - start && other.start >= start && other.end <= end),
  );
  return smallest.toSorted((a, b) => b.start - a.start)[0]?.at ?? items.at(-1)?.start ?? 0;
}
