import type { Postgres } from '../connections/postgres.ts';
import type { GccflowError } from '../foundation/error.ts';
import type { Manifest, NodeId } from '../manifest/manifest.ts';
import type { Project } from '../project/project.ts';
import { breakingChanges, changedRelations } from './breaking-changes.ts';
import type { CheckArtifact } from './check-artifact.ts';
import { CheckCache } from './check-cache.ts';
import { checkContracts } from './check-contracts.ts';
import { checkDictionaries } from './check-dictionaries.ts';
import type { CheckEngine } from './check-engine.ts';
import { checkEvents } from './check-events.ts';
import { checkExpressions } from './check-expressions.ts';
import { checkGrants } from './check-grants.ts';
import { checkGraph } from './check-graph.ts';
import { checkHooks } from './check-hooks.ts';
import { untypedSources } from './check-inputs.ts';
import { checkModules } from './check-modules.ts';
import { checkSchedules } from './check-schedules.ts';
import { checkSeeds } from './check-seeds.ts';
import { checkSelectors } from './check-selectors.ts';
import { checkSinkTables } from './check-sink-tables.ts';
import { checkSinks } from './check-sinks.ts';
import { checkSyncSql } from './check-sync-sql.ts';
import { checkSyncs } from './check-syncs.ts';
import { checkTests } from './check-tests.ts';
import type { CheckedGraph } from './checked-graph.ts';
import { findReaders } from './column-readers.ts';
import { filesOfDbt } from './files-of-dbt.ts';
import type { Finding } from './finding.ts';
import { missedDictionaries, withoutFollowUps } from './follow-ups.ts';
import { type ReadProjectDeps, readProject } from './lineage/read-project.ts';
import { projectRuleFindings } from './project-rules.ts';
import type { CommandReader } from './scheduled-command.ts';
import { soundGraph } from './sound-graph.ts';
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
  /** A PostgreSQL to try the SQL of syncs in; it is not checked where left out. */
  readonly openPostgres?: () => Promise<Postgres>;
  /** What is wrong in the files and in the graph, which is told with the rest; nothing where it is left out. */
  readonly mistakes?: readonly GccflowError[];
  /** What an earlier check found, to be told what the graph breaks of it. */
  readonly earlier?: CheckArtifact | undefined;
}

/**
 * Checks a project that has been loaded; of one with mistakes in its files or graph all that can be checked in spite of them. Touches no
 * warehouse. What it finds of nodes without a mistake is kept in `.gccflow/cache`. Throws DEPENDENCY_MISSING where chdb does not load.
 */
export async function runCheck(options: CheckOptions): Promise<CheckResult> {
  const { project, manifest: whole, engine, only, readCommand, openPostgres, mistakes = [], earlier } = options;
  const loading = checkModules(project, whole, only); // while ClickHouse works
  const schedules = await checkSchedules(whole, { selectors: project.selectors, readCommand });
  const ruled = [...schedules.findings, ...projectRuleFindings(project, whole, schedules.scheduled)];
  const isSure = ({ error }: Finding): boolean => mistakes.length === 0 || error.code !== 'SELECTOR_NO_MATCH'; // what is picked may be in a file that cannot be read
  const rules = [
    ...ruled.filter((finding) => isSure(finding) && (mistakes.length === 0 || finding.node !== null)),
    ...checkSelectors(project, whole).filter(isSure),
    ...filesOfDbt(project),
  ];
  if (!engine) return { graph: null, findings: withMistakes(mistakes, [...rules, ...(await loading)]).toSorted(byPlace) };
  const cache = CheckCache.of(project);
  const { manifest, unsound } = soundGraph(whole, mistakes);
  const graph = await checkGraph(manifest, engine, { project, cache, only, unsound });
  const tests = await checkTests({ manifest, project, engine, graph, cache, only });
  const seeds = await checkSeeds({ manifest, engine, graph, cache, only });
  const sinks = await checkSinks(manifest, graph, engine, only);
  const sinkTables = await checkSinkTables(manifest, engine, only, new Set(sinks.map(({ node }) => node)));
  const dictionaries = await checkDictionaries(manifest, project, graph, engine, only);
  const missed = missedDictionaries([...graph.findings, ...dictionaries], manifest);
  for (const [{ node }, dictionary] of missed) if (node !== null) graph.leaveOut(node, dictionary);
  const expressions = await checkExpressions(manifest, graph, engine, only);
  const grants = await checkGrants(manifest, project, engine, only);
  const hooks = await checkHooks(manifest, project, graph, engine, only);
  const syncSql = openPostgres ? await checkSyncSql({ manifest, graph, cache, openPostgres, only }) : [];
  const unitTests = await checkUnitTests({ manifest, engine, graph, cache, only });
  const readings = hasTreeRules(project) ? await readProject({ project, manifest, graph, engine }) : null;
  const broken = earlier && mistakes.length === 0 ? await findBroken(earlier, { project, manifest, graph, engine }) : [];
  cache.write((id) => mistakes.length > 0 || manifest.nodes.has(id)); // a file that cannot be read may still have it
  const rest = [
    ...checkContracts(manifest, graph),
    ...checkSyncs(manifest, graph),
    ...syncSql,
    ...untypedSources(manifest, graph),
    ...seeds,
    ...sinks,
    ...checkEvents(manifest),
    ...sinkTables,
    ...hooks,
    ...grants,
    ...expressions,
    ...dictionaries,
    ...tests,
    ...unitTests,
  ];
  const trees = readings ? treeRuleFindings({ project, manifest, graph, readings }) : [];
  const findings = [
    ...rules,
    ...(await loading),
    ...trees,
    ...graph.findings.filter((finding) => !missed.has(finding)),
    ...broken,
    ...withoutFollowUps(rest, manifest, graph),
  ];
  const asked = findings.filter(({ node }) => node === null || only === null || only.has(node));
  return { graph, findings: withMistakes(mistakes, asked).toSorted(byPlace) };
}

/** Findings with the mistakes that were told before; what stands at the place of one of those is that one again. */
function withMistakes(mistakes: readonly GccflowError[], findings: readonly Finding[]): readonly Finding[] {
  if (mistakes.length === 0) return findings;
  const told = new Set(mistakes.map(({ at }) => JSON.stringify(at)));
  return [
    ...mistakes.map((error): Finding => ({ severity: 'error', node: null, error })),
    ...findings.filter(({ error }) => !told.has(JSON.stringify(error.at))),
  ];
}

/** Columns of an earlier check that others still read, and that are gone or of another type. */
async function findBroken(earlier: CheckArtifact, deps: ReadProjectDeps): Promise<readonly Finding[]> {
  const { manifest, graph } = deps;
  return breakingChanges(earlier, { manifest, graph, readersOf: await findReaders(changedRelations(earlier, graph), deps) });
}

function byPlace(a: Finding, b: Finding): number {
  const severity = Number(a.severity === 'warn') - Number(b.severity === 'warn');
  const [x, y] = [a.error.at, b.error.at];
  if (severity !== 0 || !x || !y) return severity || Number(!x) - Number(!y);
  return x.file < y.file ? -1 : x.file > y.file ? 1 : x.line - y.line || x.column - y.column;
}
