import type { NodeId, TestRows, UnitTestNode } from '../manifest/manifest.ts';
import type { NodeWords } from './node-words.ts';

/** A unit test in dbt's words: what only gccflow has of it (`ctes`, the text of a macro, a frozen clock) is left out. */
export function formatUnitTest(node: UnitTestNode, words: NodeWords) {
  const { subject, inputs, expect, config } = node;
  return {
    ...words.common(node),
    description: node.description,
    model: subject.kind === 'model' ? subject.id.slice('model.'.length) : subject.name,
    given: inputs.map(({ node: id, rows }) => ({ input: inputOf(id, subject), ...formatRows(rows) })),
    expect: formatRows(expect.rows),
    overrides: formatOverrides(node),
    depends_on: { macros: subject.kind === 'macro' ? [words.macroId(subject.name)] : [], nodes: words.parentsOf(node) },
    config: { enabled: config.enabled, tags: [...node.tags], meta: { ...node.meta, gccflow: words.ownFacts(node) } },
    checksum: null,
    schema: schemaOf(node, words),
    created_at: words.createdAt,
    versions: null,
    version: null,
  };
}

function formatOverrides({ overrides: { macros, incremental, vars, env } }: UnitTestNode) {
  return { macros: { ...macros, ...(incremental && { is_incremental: true }) }, vars, env_vars: env };
}

function schemaOf({ subject }: UnitTestNode, { manifest }: NodeWords): string | null {
  const model = subject.kind === 'model' ? manifest.nodes.get(subject.id) : undefined;
  return model?.kind === 'model' ? model.relation.database : null;
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
