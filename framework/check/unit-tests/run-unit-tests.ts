import { randomUUID } from 'node:crypto';
import { GccflowError } from '../../foundation/error.ts';
import type { Manifest, NodeId, UnitTestNode } from '../../manifest/manifest.ts';
import { placesOf } from '../../project/locate-value.ts';
import type { CheckEngine } from '../check-engine.ts';
import type { TypedColumn } from '../checked-graph.ts';
import { testMacro } from './test-macro.ts';
import { testModel } from './test-model.ts';
import type { UnitTestResult } from './unit-test-result.ts';

export interface UnitTestDeps {
  readonly manifest: Manifest;
  readonly engine: Pick<CheckEngine, 'run'>;
  /** Columns of a source, seed or model; null where they are not known. */
  readonly columnsOf: (id: NodeId) => readonly TypedColumn[] | null;
  /** How wide a line that shows rows may be. */
  readonly width: number;
  /** Asked before each test: no more are run once it is aborted. */
  readonly signal?: AbortSignal;
  /** Told of each test when it has run. */
  readonly onResult?: (result: UnitTestResult) => void;
}

/** What one unit test came to, besides its time: rows that differ, and the mistakes for which it could not be compared. */
export interface Outcome {
  readonly failures: number;
  readonly errors: readonly GccflowError[];
  readonly sql: string | null;
}

/** What a single test gets. */
export interface TestContext extends Omit<UnitTestDeps, 'signal' | 'onResult'> {
  /** Begins the names of its databases, so that no two tests share one. */
  readonly prefix: string;
  readonly places: ReturnType<typeof placesOf>;
}

/** Tests at once: some are prepared while the engine is at another. */
const atOnce = 4;

/**
 * Runs unit tests in the engine, which need hold nothing for them: their rows stand in views of their own. Nothing but the project's files is
 * read. Results come in the order of the tests.
 */
export async function runUnitTests(
  tests: readonly UnitTestNode[],
  { signal, onResult, ...deps }: UnitTestDeps,
): Promise<readonly UnitTestResult[]> {
  const run = randomUUID().slice(0, 8);
  const waiting = tests.map((node, index) => ({ node, prefix: `unit_${run}_${index}` }));
  const running: Promise<UnitTestResult>[] = [];
  const results: UnitTestResult[] = [];
  while (true) {
    for (const { node, prefix } of signal?.aborted ? [] : waiting.splice(0, atOnce - running.length))
      running.push(resultOf(node, prefix, deps));
    const result = await running.shift();
    if (!result) return results;
    onResult?.(result);
    results.push(result);
  }
}

async function resultOf(node: UnitTestNode, prefix: string, deps: Omit<UnitTestDeps, 'signal' | 'onResult'>): Promise<UnitTestResult> {
  const started = performance.now();
  const outcome = await runOne(node, { ...deps, places: placesOf(deps.manifest.projectDir, node.file), prefix });
  const status = outcome.errors.length === 0 ? 'pass' : outcome.errors.every(({ code }) => code === 'UNIT_TEST_FAILED') ? 'fail' : 'error';
  return { node, status, durationMs: performance.now() - started, ...outcome };
}

async function runOne(node: UnitTestNode, context: TestContext): Promise<Outcome> {
  try {
    return node.subject.kind === 'model' ? await testModel(node, node.subject.id, context) : await testMacro(node, node.subject, context);
  } catch (thrown) {
    if (thrown instanceof GccflowError) return { failures: 0, errors: [thrown], sql: null };
    throw thrown;
  }
}
