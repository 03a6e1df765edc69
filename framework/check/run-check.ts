import { contractMistakes } from '../manifest/contract.ts';
import type { Manifest, NodeId } from '../manifest/manifest.ts';
import type { Project } from '../project/project.ts';
import { breakingChanges, changedRelations } from './breaking-changes.ts';
import type { CheckArtifact } from './check-artifact.ts';
import { CheckCache } from './check-cache.ts';
import { checkDictionaries } from './check-dictionaries.ts';
import type { CheckEngine } from './check-engine.ts';
import { checkEvents } from './check-events.ts';
import { checkExpressions } from './check-expressions.ts';
import { checkGraph } from './check-graph.ts';
import { checkHooks } from './check-hooks.ts';
import { untypedSources } from './check-inputs.ts';
import { checkSchedules } from './check-schedules.ts';
import { checkSinkTables } from './check-sink-tables.ts';
import { checkSinks } from './check-sinks.ts';
import { checkSyncs } from './check-syncs.ts';
import { checkTests } from './check-tests.ts';
import type { CheckedGraph } from './checked-graph.ts';
import { findReaders } from './column-readers.ts';
import type { Finding } from './finding.ts';
import { withoutFollowUps } from './follow-ups.ts';
import { type ReadProjectDeps, readProject } from './lineage/read-project.ts';
import { projectRuleFindings } from './project-rules.ts';
import type { CommandReader } from './scheduled-command.ts';
import { hasTreeRules, treeRuleFindings } from './tree-rules/tree-rule-findings.ts';
import { checkUnitTests } from './unit-tests/check-unit-tests.ts';

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
  /** null checks what needs no ClickHouse. */
  readonly engine: CheckEngine | null;
  /** Nodes whose findings are asked for; all where null. */
  readonly only: ReadonlySet<NodeId> | null;
  /** Reads the commands of schedules. */
  readonly readCommand: CommandReader;
  /** What an earlier check found, to be told what the graph breaks of it. */
  readonly earlier?: CheckArtifact | undefined;
}

/**
 * Checks a project that has been loaded, so its graph has no mistake. Touches no warehouse. What it finds of nodes without a mistake is kept in
 * `.gccflow/cache`. Throws DEPENDENCY_MISSING where chdb does not load.
 */
export async function runCheck({ project, manifest, engine, only, readCommand, earlier }: CheckOptions): Promise<CheckResult> {
  const schedules = await checkSchedules(manifest, { selectors: project.selectors, readCommand });
  const rules = [...schedules.findings, ...projectRuleFindings(project, manifest, schedules.scheduled)];
  if (!engine) return { graph: null, findings: rules.toSorted(byPlace) };
  const cache = CheckCache.of(project);
  const graph = await checkGraph(manifest, engine, { project, cache, only });
  const tests = await checkTests({ manifest, project, engine, graph, cache, only });
  const sinks = await checkSinks(manifest, graph, engine, only);
  const sinkTables = await checkSinkTables(manifest, engine, only, new Set(sinks.map(({ node }) => node)));
  const dictionaries = await checkDictionaries(manifest, project, graph, engine, only);
  const expressions = await checkExpressions(manifest, graph, engine, only);
  const hooks = await checkHooks(manifest, project, engine, only);
  const unitTests = await checkUnitTests({ manifest, engine, graph, cache, only });
  const readings = hasTreeRules(project) ? await readProject({ project, manifest, graph, engine }) : null;
  const broken = earlier ? await findBroken(earlier, { project, manifest, graph, engine }) : [];
  cache.write((id) => manifest.nodes.has(id));
  const rest = [
    ...contractFindings(manifest, graph),
    ...checkSyncs(manifest, graph),
    ...untypedSources(manifest, graph),
    ...sinks,
    ...checkEvents(manifest),
    ...sinkTables,
    ...hooks,
    ...expressions,
    ...dictionaries,
    ...tests,
    ...unitTests,
  ];
  const trees = readings ? treeRuleFindings({ project, manifest, graph, readings }) : [];
  const findings = [...rules, ...trees, ...graph.findings, ...broken, ...withoutFollowUps(rest, manifest, graph)];
  return { graph, findings: findings.filter(({ node }) => node === null || only === null || only.has(node)).toSorted(byPlace) };
}

/** Columns of an earlier check that others still read, and that are gone or of another type. */
async function findBroken(earlier: CheckArtifact, deps: ReadProjectDeps): Promise<readonly Finding[]> {
  const { manifest, graph } = deps;
  return breakingChanges(earlier, { manifest, graph, readersOf: await findReaders(changedRelations(earlier, graph), deps) });
}

/** Enforced contracts against what ClickHouse says that the models return. */
function contractFindings(manifest: Manifest, { relations }: CheckedGraph): readonly Finding[] {
  return [...relations].flatMap(([id, { columns, from }]) => {
    const node = manifest.nodes.get(id);
    if (node?.kind !== 'model' || from !== 'checked') return [];
    return contractMistakes(node, columns).map((error): Finding => ({ severity: 'error', node: id, error }));
  });
}

function byPlace(a: Finding, b: Finding): number {
  const severity = Number(a.severity === 'warn') - Number(b.severity === 'warn');
  const [x, y] = [a.error.at, b.error.at];
  if (severity !== 0 || !x || !y) return severity || Number(!x) - Number(!y);
  return x.file < y.file ? -1 : x.file > y.file ? 1 : x.line - y.line || x.column - y.column;
}
