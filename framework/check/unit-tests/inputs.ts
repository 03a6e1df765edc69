import { join } from 'node:path';
import { GccflowError } from '../../foundation/error.ts';
import type { Location } from '../../foundation/location.ts';
import { quoteName } from '../../foundation/quote.ts';
import type { Manifest, ModelNode, NodeId, SeedNode, SourceNode, UnitTestInput, UnitTestNode } from '../../manifest/manifest.ts';
import { type Relation, relationSql } from '../../manifest/relation.ts';
import type { CheckEngine, EngineAnswer } from '../check-engine.ts';
import type { TypedColumn } from '../checked-graph.ts';
import { checkRows } from './check-rows.ts';
import { describedColumns } from './described.ts';
import { type InputStatements, inputStatements } from './input-statements.ts';
import { readRows } from './read-rows.ts';
import { rowsFault } from './rows-fault.ts';
import { placeOfRow } from './rows-places.ts';
import { type SeedRows, selectRows, type WrittenRows } from './rows-source.ts';
import type { TestContext } from './run-unit-tests.ts';

type RelationNode = SourceNode | SeedNode | ModelNode;

/** What a model reads while it is tested: relations of the rows of the test, under the names of those they stand for. */
export interface Inputs {
  readonly relationOf: (id: NodeId) => Relation | undefined;
  readonly mistakes: readonly GccflowError[];
  /** The engine for the SQL that reads them. It makes them before the first statements it is given: all go at once. Throws UNIT_TEST_ROWS. */
  readonly engineFor: (sql: string) => Pick<CheckEngine, 'run'>;
  /** The first input whose rows ClickHouse cannot read, if there is one. */
  readonly findUnfit: () => Promise<{ readonly input: string; readonly at: Location; readonly answer: EngineAnswer } | null>;
}

export interface InputContext extends TestContext {
  readonly prepareSql: (sql: string) => string;
}

interface Input {
  readonly input: UnitTestInput;
  readonly node: RelationNode;
  readonly relation: Relation;
}

/** What a model's SQL says to read the newest rows alone: views take it, tables in memory do not. */
const takesViews = /\bfinal\b/i;

/** Prepares the relations. What the test does not give is empty. */
export async function createInputs(test: UnitTestNode, model: ModelNode, context: InputContext): Promise<Inputs> {
  const { manifest, engine, prefix, places } = context;
  const inputs = [...test.inputs, ...notGiven(test, model, manifest)].flatMap((input): Input[] => {
    const node = input.node === null ? undefined : manifest.nodes.get(input.node);
    if (!node || !('relation' in node)) return [];
    return [{ input, node, relation: { database: `${prefix}_${node.relation.database}`, name: node.relation.name } }];
  });
  const prepared = await Promise.all(inputs.map((input) => prepareInput(input, test, context)));
  const relations = new Map(inputs.map(({ node, relation }) => [node.id as NodeId, relation]));
  const placeOf = ({ rows }: UnitTestInput, { written }: PreparedInput, answer: EngineAnswer): Location =>
    rows && written ? placeOfRow(written, answer, { rows, places, projectDir: manifest.projectDir, file: test.file }) : test.at;
  return {
    relationOf: (id) => relations.get(id),
    mistakes: prepared.flatMap(({ mistakes }) => mistakes),
    engineFor(sql) {
      const made = prepared.map(({ make }) => make(takesViews.test(sql)));
      const databases = [...new Set(inputs.map(({ relation }) => relation.database))];
      const setup = [
        ...databases.map((name) => ({ sql: `create database ${quoteName(name, 'clickhouse')} engine = Memory` })),
        ...made.flatMap(({ create }) => create),
      ];
      const fills = made.flatMap(({ fill }, index) => (fill === null ? [] : [{ fill, index }]));
      return {
        async run(statements) {
          const [creates, inserts] = [setup.splice(0), fills.splice(0)];
          const answers = await engine.run([...creates, ...inserts.map(({ fill }) => fill), ...statements]);
          const at = answers.findIndex(({ kind }) => kind !== 'rows');
          const refused = answers[at];
          if (refused && at < creates.length) throw rowsFault('The inputs cannot be made', refused, test.at);
          const index = inserts[at - creates.length]?.index ?? -1;
          const [input, rows] = [inputs[index]?.input, prepared[index]];
          if (refused && input && rows) throw unreadable(input.input, refused, placeOf(input, rows, refused));
          return answers.slice(creates.length + inserts.length);
        },
      };
    },
    async findUnfit() {
      for (const [index, { input, relation }] of inputs.entries()) {
        const rows = prepared[index];
        if (!rows?.written) continue;
        const [answer] = await engine.run([{ sql: `select * from ${relationSql(relation)}` }]);
        if (answer && answer.kind !== 'rows') return { input: input.input, at: placeOf(input, rows, answer), answer };
      }
      return null;
    },
  };
}

/** That ClickHouse refuses the rows of an input, as UNIT_TEST_ROWS. */
export function unreadable(input: string, answer: EngineAnswer, at: Location): GccflowError {
  return rowsFault(`The rows of the input '${input}' cannot be read`, answer, at);
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

interface PreparedInput {
  /** Rows of the test; null where it gives none. */
  readonly written: WrittenRows | null;
  readonly mistakes: readonly GccflowError[];
  readonly make: (asView: boolean) => InputStatements;
}

async function prepareInput({ input, node, relation }: Input, test: UnitTestNode, context: InputContext): Promise<PreparedInput> {
  const { manifest, places, columnsOf } = context;
  const { rows } = input;
  const subject = `the input '${input.input}'`;
  const known = columnsOf(node.id);
  const { projectDir } = manifest;
  const written = rows ? await readRows(rows, { ...context, projectDir, file: test.file }) : null;
  const source = written ?? seedRows(node, manifest);
  const columns = known ?? (await inferColumns(source, context));
  const refused = (mistakes: readonly GccflowError[]): PreparedInput => ({ written, mistakes, make: () => ({ create: [], fill: null }) });
  if (!columns) return refused(test.inputs.includes(input) ? [unknownColumns(input)] : []); // what reads it, if anything does, tells
  const mistakes = rows && written ? checkRows(written, { name: subject, rows, columns, places, projectDir, file: test.file }) : [];
  if (mistakes.length > 0) return refused(mistakes);
  return { written, mistakes: [], make: (asView) => inputStatements(node, relation, source, columns, asView) };
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
