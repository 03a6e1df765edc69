import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CheckEngine, openCheckEngine } from '../../../framework/check/check-engine.ts';
import { explainQueryTree, explainRawTree, parseQueryTree } from '../../../framework/check/lineage/parse-query-tree.ts';
import { childrenOf, outputNames, type TreeNode, walkTree } from '../../../framework/check/lineage/query-tree.ts';
import { TreeNotUnderstood } from '../../../framework/check/lineage/read-outline.ts';

test('a tree has the kinds, names and types that ClickHouse prints', async () => {
  await using engine = await openCheckEngine();

  const tree = await explained(
    engine,
    'select number as n, sum(number) over (partition by number % 2) as s from numbers(10) where number > 3',
  );

  assert.ok(tree.kind === 'query');
  assert.deepEqual(tree.columns, [
    { name: 'n', type: 'UInt64' },
    { name: 's', type: 'UInt64' },
  ]);
  assert.equal(tree.from?.kind === 'tableFunction' && tree.from.name, 'numbers');
  assert.deepEqual(
    tree.clauses.map(({ name, nodes }) => [name, nodes.map(({ kind }) => kind)]),
    [['WHERE', ['function']]],
  );
  const [, windowed] = tree.projection;
  assert.ok(windowed?.kind === 'function' && windowed.functionType === 'window' && windowed.window?.kind === 'window');
});

test('names and texts may hold line ends, commas, quotes and what looks like a tree', async () => {
  await using engine = await openCheckEngine();
  const names = [
    'two\nlines',
    'a, result_type: String',
    "it's",
    'x"y',
    '  spaces  ',
    'PROJECTION',
    'FUNCTION id: 3',
    'tab\there',
    'snow ☃',
  ];
  const quoted = names.map((name) => `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``);
  const inner = quoted.map((name, index) => `number + ${index} as ${name}`).join(', ');
  const outer = quoted.map((name) => `concat(toString(${name}), '\n    COLUMN id: 1, column_name: x\n') as ${name}`).join(', ');

  const tree = await explained(engine, `select ${outer} from (select ${inner} from numbers(1))`);

  assert.deepEqual(outputNames(tree), names);
  const inside = walkTree(tree).find((node) => node.kind === 'query' && node !== tree);
  assert.deepEqual(inside && outputNames(inside), names);
});

test('a tree before analysis still has the stars and every CTE', async () => {
  await using engine = await openCheckEngine();

  const [answer] = await engine.run([
    explainRawTree('with a as (select 1), b as (select 2) select * except (x) replace (y + 1 as y) apply toString from a'),
  ]);

  const tree = parseQueryTree(answer?.kind === 'rows' ? answer.rows : []);
  assert.deepEqual(tree.kind === 'query' && tree.with.map((cte) => cte.kind === 'query' && cte.cteName), ['a', 'b']);
  assert.deepEqual(tree.kind === 'query' && tree.projection.map(({ kind }) => kind), ['matcher']);
});

test('a node or attribute that is not known is refused by its name, and no tree is made of half of it', () => {
  const lines = (text: string): string[][] => text.split('\n').map((line) => [line]);
  const query = 'QUERY id: 0\n  PROJECTION COLUMNS\n    a UInt8\n  PROJECTION\n    LIST id: 1, nodes: 1\n';

  const refused = (text: string): string => {
    try {
      parseQueryTree(lines(text));
      return 'taken';
    } catch (thrown) {
      return thrown instanceof TreeNotUnderstood ? thrown.what : 'another error';
    }
  };

  assert.equal(refused(`${query}      HOLOGRAM id: 2, depth: 3`), "a node 'HOLOGRAM'");
  assert.equal(refused(`${query}      COLUMN id: 2, column_title: a`), "a node 'COLUMN' with other attributes");
  assert.equal(
    refused(`${query}      COLUMN id: 2, column_name: a, result_type: UInt8, source_id: 3\n  TELEPORT\n      TABLE id: 3, table_name: t`),
    "a part 'TELEPORT'",
  );
  assert.equal(
    refused(
      'QUERY id: 0\n  PROJECTION COLUMNS\n    a UInt8\n    b UInt8\n  PROJECTION\n    LIST id: 1, nodes: 1\n      CONSTANT id: 2, constant_value: UInt64_1, constant_value_type: UInt8',
    ),
    'columns that do not match its expressions',
  );
  assert.equal(
    refused(`${query}          COLUMN id: 2, column_name: a, result_type: UInt8`),
    "a part 'COLUMN id: 2, column_name: a, result_type: UInt8' out of its place",
  );
  assert.equal(refused(''), 'no single root');
});

test('a deep tree is walked without an end to the stack', () => {
  let node: TreeNode = { kind: 'identifier', id: 0, name: 'x' };
  for (let id = 1; id < 100_000; id++) node = { kind: 'list', id, nodes: [node] };

  assert.equal(walkTree(node).length, 100_000);
  assert.equal(childrenOf(node).length, 1);
});

async function explained(engine: CheckEngine, sql: string): Promise<TreeNode> {
  const [answer] = await engine.run([explainQueryTree(sql)]);
  assert.ok(answer?.kind === 'rows', JSON.stringify(answer));
  return parseQueryTree(answer.rows);
}
