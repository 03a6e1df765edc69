import type { NodeId, TestRows, UnitTestNode } from '../manifest/manifest.ts';

/** What a unit test gives and expects, in dbt's words: what only gccflow has of it (`ctes`, the text of a macro, a frozen clock) is left out. */
export function formatUnitTest({ subject, inputs, expect, overrides }: UnitTestNode) {
  return {
    model: subject.kind === 'model' ? subject.id.slice('model.'.length) : subject.name,
    given: inputs.map(({ node, rows }) => ({ input: inputOf(node, subject), ...formatRows(rows) })),
    expect: formatRows(expect.rows),
    overrides: {
      macros: { ...overrides.macros, ...(overrides.incremental && { is_incremental: true }) },
      vars: overrides.vars,
      env_vars: overrides.env,
    },
  };
}

/** The call that dbt would read the input by. */
function inputOf(node: NodeId | null, subject: UnitTestNode['subject']): string {
  if (node === null || (subject.kind === 'model' && subject.id === node)) return 'this';
  const [kind, ...names] = node.split('.');
  return `${kind === 'source' ? 'source' : 'ref'}(${names.map((name) => `'${name}'`).join(', ')})`;
}

function formatRows(rows: TestRows | null) {
  if (rows === null) return { rows: null, format: 'dict', fixture: null };
  switch (rows.format) {
    case 'dict':
      return { rows: rows.rows, format: 'dict', fixture: null };
    case 'csv':
    case 'sql':
      return { rows: rows.text, format: rows.format, fixture: null };
    case 'fixture':
      return { rows: null, format: rows.fixture.format, fixture: rows.fixture.name };
  }
}
