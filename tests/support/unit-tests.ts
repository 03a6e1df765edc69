import { type CheckEngine, openCheckEngine } from '../../framework/check/check-engine.ts';
import { checkGraph } from '../../framework/check/check-graph.ts';
import { runUnitTests } from '../../framework/check/unit-tests/run-unit-tests.ts';
import type { UnitTestResult } from '../../framework/check/unit-tests/unit-test-result.ts';
import { formatLocation } from '../../framework/foundation/location.ts';
import { type Files, projectDir } from './project-dir.ts';

export interface UnitTestBench extends AsyncDisposable {
  /** Runs the unit tests of a project of these files, in the order of the files. */
  run(files: Files): Promise<readonly UnitTestResult[]>;
}

/** One engine for many small projects, one after another. */
export async function openUnitTests(): Promise<UnitTestBench> {
  const engine = await openCheckEngine();
  return {
    async run(files) {
      using dir = projectDir(files);
      const { project, manifest } = await dir.load();
      const graph = await checkGraph(manifest, engine, { project });
      const nodes = [...manifest.nodes.values()];
      const tests = nodes.filter((node) => node.kind === 'unit_test');
      const results = await runUnitTests(tests, {
        manifest,
        engine,
        width: 100,
        columnsOf: (id) => graph.relations.get(id)?.columns ?? null,
      });
      await dropAll(
        engine,
        nodes.flatMap((node) => ('relation' in node ? [node.relation.database] : [])),
      );
      return results;
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

async function dropAll(engine: CheckEngine, databases: readonly string[]): Promise<void> {
  await engine.run([...new Set(databases)].map((name) => ({ sql: `drop database if exists ${name}` })));
}

/** `pass`, or what is wrong: `CODE file:line:column message`, the lines of a message below it. */
export function outcome({ status, errors }: UnitTestResult): string {
  if (status === 'pass') return status;
  return errors.map(({ code, at, message }) => `${code} ${at ? formatLocation(at) : '-'} ${message}`).join('\n');
}

/** A project of one model over `raw.orders (id UInt64, price Decimal(10, 2), at DateTime('UTC'), note Nullable(String))`, with unit tests in `models/m.yaml` from its second line. */
export function oneModel(sql: string, ...unitTests: readonly string[]): Files {
  return {
    'sources/raw.yaml': `kind: source
name: raw
tables:
  - name: orders
    columns:
      - { name: id, type: UInt64 }
      - { name: price, type: 'Decimal(10, 2)' }
      - { name: at, type: DateTime('UTC') }
      - { name: note, type: Nullable(String) }
`,
    'models/m.sql': sql,
    'models/m.yaml': ['kind: models', 'unit_tests:', ...unitTests, ''].join('\n'),
  };
}
