import type { Manifest, NodeId, UnitTestNode } from '../../manifest/manifest.ts';
import { withChanges } from '../../manifest/render-sql.ts';
import { reach } from '../../plan/walk-graph.ts';
import type { Project } from '../../project/project.ts';
import { openCheckEngine } from '../check-engine.ts';
import { checkGraph } from '../check-graph.ts';
import { runUnitTests, type UnitTestDeps } from './run-unit-tests.ts';
import type { UnitTestResult } from './unit-test-result.ts';

/** Runs unit tests in an engine of their own, without a warehouse: the graph above the tested models says which types their inputs have. Throws DEPENDENCY_MISSING. */
export async function runOffline(
  tests: readonly UnitTestNode[],
  { project, manifest, ...deps }: Pick<UnitTestDeps, 'manifest' | 'width' | 'signal' | 'onResult'> & { readonly project: Project },
): Promise<readonly UnitTestResult[]> {
  await using engine = await openCheckEngine();
  const graph = await checkGraph(above(tests, manifest), engine, { project });
  return await runUnitTests(tests, { ...deps, manifest, engine, columnsOf: (id) => graph.relations.get(id)?.columns ?? null });
}

/** The graph with only what the tests rest on, and the sinks: they may say which columns a source has. */
function above(tests: readonly UnitTestNode[], manifest: Manifest): Manifest {
  const ids = new Set<NodeId>(tests.map(({ id }) => id));
  const read = reach(manifest.parents, ids, Number.POSITIVE_INFINITY);
  return withChanges(manifest, { nodes: new Map([...manifest.nodes].filter(([id, { kind }]) => read.has(id) || kind === 'sink')) });
}
