import type { LiveRows } from './live-rows.ts';

/** A unit test in YAML, as an entry of `unit_tests:`. */
export interface YamlTest {
  readonly name: string;
  readonly model: string;
  /** What now() gives; null where the model does not ask. */
  readonly now: string | null;
  readonly given: readonly Pick<LiveRows, 'node' | 'names' | 'rows'>[];
  /** null as long as it is not known. */
  readonly expect: Pick<LiveRows, 'names' | 'rows'> | null;
}

export function formatUnitTest({ name, model, now, given, expect }: YamlTest): string {
  const lines = [
    `  - name: ${name}`,
    `    model: ${model}`,
    ...(now === null ? [] : [`    overrides: { now: ${now} }`]),
    given.length === 0 ? '    given: []' : '    given:',
    ...given.flatMap(({ node, ...rows }) => [`      - input: '${callOf(node)}'`, ...formatRows(rows, '        ')]),
    '    expect:',
    ...formatRows(expect ?? { names: [], rows: [] }, '      '),
  ];
  return `${lines.join('\n')}\n`;
}

function callOf(node: LiveRows['node']): string {
  return node.kind === 'source' ? `{{source "${node.sourceName}" "${node.name}"}}` : `{{ref "${node.name}"}}`;
}

function formatRows({ names, rows }: Pick<LiveRows, 'names' | 'rows'>, indent: string): readonly string[] {
  if (rows.length === 0) return [`${indent}rows: []`];
  const line = (row: readonly string[]): string => names.map((name, index) => `${keyOf(name)}: ${yamlOf(row[index] ?? 'null')}`).join(', ');
  return [`${indent}rows:`, ...rows.map((row) => `${indent}  - { ${line(row)} }`)];
}

const plainWord = /^(?!(?:true|false|null|nan|inf)$)[A-Za-z_][\w-]*(?: [\w-]+)*$/i;
const plainTime = /^\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?)?$/;

function keyOf(name: string): string {
  return plainWord.test(name) ? name : JSON.stringify(name);
}

/** JSON is YAML; texts that need no quotes go without. */
function yamlOf(json: string): string {
  if (!json.startsWith('"')) return json;
  const text = String(JSON.parse(json));
  return plainWord.test(text) || plainTime.test(text) ? text : JSON.stringify(text);
}
