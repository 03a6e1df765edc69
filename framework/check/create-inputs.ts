import type { TypedColumn } from './checked-graph.ts';
import { columnsByTable, columnsSql, tableKey } from './column-query.ts';
import { explainColumns } from './explain-model.ts';
import type { GraphState } from './graph-state.ts';
import { type Input, inputKey, readInput, soundColumns } from './read-inputs.ts';

/** Creates sources and seeds as empty tables. */
export async function createInputs(nodes: readonly Input['node'][], state: GraphState): Promise<void> {
  const { engine, tables, manifest, findings } = state;
  await engine.run([...tables.databases(), ...state.hooked.statements]);
  const inputs: Input[] = [];
  for (const node of nodes) {
    const key = inputKey(node, manifest);
    const known = state.cache.find(node.id, key);
    const { columns, finding } = known ? { columns: null, finding: null } : await readInput(node, state);
    if (known) state.know(node.id, { columns: known, from: 'declared' }, key);
    else if (finding) {
      findings.push(finding);
      standInFor(node, columns, state);
    } else if (columns) inputs.push({ node, columns, key });
  }
  if (inputs.length === 0) return;
  const creates = inputs.map(({ node, columns }) => tables.stub(node, columns));
  const answers = await engine.run([...creates, { sql: columnsSql(inputs.map(({ node }) => node)) }]);
  const found = columnsByTable(answers.at(-1));
  for (const [index, { node, columns, key }] of inputs.entries()) {
    const answer = answers[index];
    if (answer?.kind === 'rows') state.know(node.id, { columns: found.get(tableKey(node)) ?? columns, from: 'declared' }, key);
    else if (answer) {
      findings.push(...(await explainColumns(node, columns, answer, state)));
      tables.forget(node.id);
      standInFor(node, await soundColumns(columns, engine), state);
    }
  }
}

/** Notes what is known of a source or seed with a mistake. */
function standInFor(node: Input['node'], columns: readonly TypedColumn[] | null, { relations }: GraphState): void {
  const declared = [...node.columns.map(({ name }) => name), ...(node.kind === 'seed' ? Object.keys(node.config.column_types) : [])];
  const meant = new Set(declared).difference(new Set(columns?.map(({ name }) => name)));
  if (columns) relations.set(node.id, { columns, from: 'repaired', meant });
}
