import { join } from 'node:path';
import { GccflowError } from '../../foundation/error.ts';
import type { Location } from '../../foundation/location.ts';
import { quoteName, quoteText } from '../../foundation/quote.ts';
import type { Manifest, ModelNode, NodeId, SeedNode, SourceNode, UnitTestInput, UnitTestNode } from '../../manifest/manifest.ts';
import { type Relation, relationSql } from '../../manifest/relation.ts';
import { dictionarySql, keyOfDictionary } from '../../materializations/dictionary-sql.ts';
import type { CheckEngine, EngineAnswer, EngineStatement } from '../check-engine.ts';
import type { TypedColumn } from '../checked-graph.ts';
import { checkRows } from './check-rows.ts';
import { describedColumns } from './described.ts';
import { readRows } from './read-rows.ts';
import { rowsFault } from './rows-fault.ts';
import { placeOfRow } from './rows-places.ts';
import { columnList, type SeedRows, selectRows, type WrittenRows } from './rows-source.ts';
import type { TestContext } from './run-unit-tests.ts';

type RelationNode = SourceNode | SeedNode | ModelNode;

/** What a model reads while it is tested: views of the rows of the test, under the names of the relations they stand for. */
export interface InputViews {
  readonly relationOf: (id: NodeId) => Relation | undefined;
  readonly mistakes: readonly GccflowError[];
  /** The engine, which makes the views before the first statements it is given: all go at once. Throws UNIT_TEST_ROWS. */
  readonly engine: Pick<CheckEngine, 'run'>;
  /** The first input whose rows ClickHouse cannot read, if there is one. */
  readonly findUnfit: () => Promise<{ readonly input: string; readonly at: Location; readonly answer: EngineAnswer } | null>;
}

export interface InputContext extends TestContext {
  readonly prepareSql: (sql: string) => string;
}

interface View {
  readonly input: UnitTestInput;
  readonly node: RelationNode;
  readonly relation: Relation;
}

/** Prepares the views. What the test does not give is empty; a view and not a table, because it is one statement and takes FINAL. */
export async function createInputs(test: UnitTestNode, model: ModelNode, context: InputContext): Promise<InputViews> {
  const { manifest, engine, prefix } = context;
  const views = [...test.inputs, ...notGiven(test, model, manifest)].flatMap((input): View[] => {
    const node = input.node === null ? undefined : manifest.nodes.get(input.node);
    if (!node || !('relation' in node)) return [];
    return [{ input, node, relation: { database: `${prefix}_${node.relation.database}`, name: node.relation.name } }];
  });
  const prepared = await Promise.all(views.map((view) => prepareView(view, test, context)));
  const databases = [...new Set(views.map(({ relation }) => relation.database))];
  const setup = [
    ...databases.map((name) => ({ sql: `create database ${quoteName(name, 'clickhouse')} engine = Memory` })),
    ...prepared.flatMap(({ statements }) => statements),
  ];
  const relations = new Map(views.map(({ node, relation }) => [node.id as NodeId, relation]));
  return {
    relationOf: (id) => relations.get(id),
    mistakes: prepared.flatMap(({ mistakes }) => mistakes),
    engine: {
      async run(statements) {
        const first = setup.splice(0);
        const answers = await engine.run([...first, ...statements]);
        const failed = answers.slice(0, first.length).find(({ kind }) => kind !== 'rows');
        if (failed) throw rowsFault('The inputs cannot be made', failed, test.at);
        return answers.slice(first.length);
      },
    },
    async findUnfit() {
      for (const [index, { input, relation }] of views.entries()) {
        const written = prepared[index]?.written;
        if (!input.rows || !written) continue;
        const [answer] = await engine.run([{ sql: `select * from ${relationSql(relation)}` }]);
        if (!answer || answer.kind === 'rows') continue;
        const place = { rows: input.rows, places: context.places, projectDir: manifest.projectDir, file: test.file };
        return { input: input.input, at: placeOfRow(written, answer, place), answer };
      }
      return null;
    },
  };
}

/** What the SQL reads besides, as inputs of no rows: parents, those of ephemeral ones, whose SQL is part of it, and its own table. */
function notGiven(test: UnitTestNode, model: ModelNode, { nodes, parents }: Manifest): readonly UnitTestInput[] {
  const given = new Set(test.inputs.map(({ node }) => node));
  const readsItself = /\bthis\b/.test(model.template.text) || model.template.macros.length > 0;
  const missing = new Set<NodeId>(readsItself && !given.has(model.id) ? [model.id] : []);
  const add = (id: NodeId): void => {
    for (const parent of parents.get(id) ?? []) {
      if (given.has(parent) || missing.has(parent)) continue;
      const node = nodes.get(parent);
      if (node?.kind === 'model' && node.config.materialized === 'ephemeral') add(parent);
      else missing.add(parent);
    }
  };
  add(model.id);
  return [...missing].map((node) => ({ node, input: node, at: test.at, rows: { format: 'dict', rows: [], path: [], at: test.at } }));
}

interface PreparedView {
  /** Rows of the test; null where it gives none. */
  readonly written: WrittenRows | null;
  readonly statements: readonly EngineStatement[];
  readonly mistakes: readonly GccflowError[];
}

async function prepareView({ input, node, relation }: View, test: UnitTestNode, context: InputContext): Promise<PreparedView> {
  const { manifest, places, columnsOf } = context;
  const { rows } = input;
  const subject = `the input '${input.input}'`;
  const known = columnsOf(node.id);
  const { projectDir } = manifest;
  const written = rows ? await readRows(rows, { ...context, projectDir, file: test.file }) : null;
  const source = written ?? seedRows(node, manifest);
  const columns = known ?? (await inferColumns(source, context));
  if (!columns) return { written, statements: [], mistakes: test.inputs.includes(input) ? [unknownColumns(input)] : [] }; // what reads it, if anything does, tells
  const mistakes = rows && written ? checkRows(written, { name: subject, rows, columns, places, projectDir, file: test.file }) : [];
  if (mistakes.length > 0) return { written, statements: [], mistakes };
  return { written, statements: statementsOf(node, relation, selectRows(source, columns), columns), mistakes: [] };
}

/** The view, under a name beside it for a dictionary that is loaded from it. */
function statementsOf(node: RelationNode, relation: Relation, select: string, columns: readonly TypedColumn[]): readonly EngineStatement[] {
  const isDictionary = node.kind === 'model' && node.config.materialized === 'dictionary';
  const view = isDictionary ? { ...relation, name: `${relation.name}__rows` } : relation;
  const sql = `create view ${relationSql(view)} (${columnList(columns)}) as ${select}`;
  const settings = /LowCardinality\((?!Nullable\(String|String)/.test(sql) ? { allow_suspicious_low_cardinality_types: 1 } : {};
  if (!isDictionary) return [{ sql, settings }];
  const source = `clickhouse(db ${quoteText(view.database, 'clickhouse')} table ${quoteText(view.name, 'clickhouse')})`;
  const { layout } = node.config;
  const definition = { relation, primaryKey: keyOfDictionary(node.config), layout, source, lifetimeMs: null, comment: '' };
  return [{ sql, settings }, { sql: dictionarySql(definition, columns) }];
}

function seedRows({ file, ...node }: RelationNode, { projectDir }: Manifest): SeedRows {
  return { format: 'file', path: join(projectDir, file), delimiter: node.kind === 'seed' ? node.config.delimiter : ',' };
}

/** Columns of a relation of which nothing is known but the rows: as ClickHouse guesses them. */
async function inferColumns(written: WrittenRows | SeedRows, { engine }: InputContext): Promise<readonly TypedColumn[] | null> {
  if (written.format === 'dict' && written.rows.length === 0) return null;
  const [answer] = await engine.run([{ sql: `describe (\n${selectRows(written, null)}\n)` }]);
  return answer?.kind === 'rows' ? describedColumns(answer.rows) : null;
}

function unknownColumns({ input, at }: UnitTestInput): GccflowError {
  const hint = 'Declare its columns with their types, or write a row: its types are guessed from that.';
  return new GccflowError('UNIT_TEST_INPUT', `The columns of the input '${input}' are not known.`, { at, hint });
}
