import type { Manifest, NodeId } from '../manifest/manifest.ts';
import type { Project } from '../project/project.ts';
import { readSeedColumns } from '../run/read-seed-columns.ts';
import { openCheckEngine } from './check-engine.ts';
import { checkGraph } from './check-graph.ts';
import type { CheckedGraph } from './checked-graph.ts';
import { engineWarehouse } from './engine-warehouse.ts';
import type { Finding } from './finding.ts';

/** What was checked, and what was found. */
export interface CheckResult {
  /** The graph with its types; null without the engine. */
  readonly graph: CheckedGraph | null;
  /** Errors first, each kind by place. */
  readonly findings: readonly Finding[];
}

export interface CheckOptions {
  readonly project: Project;
  readonly manifest: Manifest;
  /** false checks what needs no ClickHouse. */
  readonly useEngine: boolean;
  /** Nodes whose findings are asked for; all where null. */
  readonly only: ReadonlySet<NodeId> | null;
}

/** Checks a project that has been loaded, so its graph has no mistake. Touches no warehouse. Throws DEPENDENCY_MISSING where chdb does not load. */
export async function runCheck({ project, manifest, useEngine, only }: CheckOptions): Promise<CheckResult> {
  if (!useEngine) return { graph: null, findings: [] };
  await using engine = await openCheckEngine();
  const graph = await checkGraph(manifest, engine, {
    project,
    seedColumns: (seed) => readSeedColumns(seed, engineWarehouse(engine), project.dir),
  });
  const findings = graph.findings.filter(({ node }) => node === null || only === null || only.has(node));
  return { graph, findings: findings.toSorted(byPlace) };
}

function byPlace(a: Finding, b: Finding): number {
  const severity = Number(a.severity === 'warn') - Number(b.severity === 'warn');
  const [x, y] = [a.error.at, b.error.at];
  if (severity !== 0 || !x || !y) return severity || Number(!x) - Number(!y);
  return x.file < y.file ? -1 : x.file > y.file ? 1 : x.line - y.line || x.column - y.column;
}
