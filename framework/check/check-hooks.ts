import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import type { Manifest, ModelNode, NodeId, SeedNode } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { renderText } from '../manifest/render-sql.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import type { Project } from '../project/project.ts';
import type { CheckEngine, EngineAnswer, EngineStatement } from './check-engine.ts';
import type { CheckedGraph, GraphInEngine, TypedColumn } from './checked-graph.ts';
import { placeOfConfig } from './config-place.ts';
import { explainFault } from './explain-fault.ts';
import { errorFinding, thrownFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { layoutDatabase } from './layout-probes.ts';
import { describeSelect, dropTable } from './relation-statements.ts';

type Hook = 'pre_hook' | 'post_hook';

/**
 * Hooks that ClickHouse cannot parse, and post hooks that read or change the node's own columns otherwise than they are. No hook is run: what
 * others name may be there by then.
 */
export async function checkHooks(
  manifest: Manifest,
  project: Project,
  graph: GraphInEngine,
  engine: CheckEngine,
  only: ReadonlySet<NodeId> | null,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const asked: AskedHook[] = [];
  for (const node of manifest.nodes.values()) {
    if ((node.kind !== 'model' && node.kind !== 'seed') || (only !== null && !only.has(node.id))) continue;
    for (const hook of ['pre_hook', 'post_hook'] as const) {
      for (const [index, text] of node.config[hook].entries()) {
        const isLater = node.config[hook].slice(0, index).some((earlier) => /\b(?:add|rename|modify)\b/i.test(earlier));
        try {
          asked.push({ node, hook, isLater, sql: renderText(manifest, node, text, { incremental: false }) });
        } catch (thrown) {
          findings.push(thrownFinding(node, thrown));
        }
      }
    }
  }
  await graph.ensureTables(asked.map(({ node }) => node.id));
  const probes = asked.map((hook) => [{ sql: `explain ast\n${hook.sql}` }, ...probesOf(hook, graph)]);
  const answers = await engine.run(probes.flat());
  let from = 0;
  for (const [index, { node, hook }] of asked.entries()) {
    const [parsed, ...others] = answers.slice(from, from + (probes[index]?.length ?? 0));
    from += probes[index]?.length ?? 0;
    const last = others.at(-1);
    const answer = parsed?.kind === 'fault' && parsed.fault.type === 'SYNTAX_ERROR' ? parsed : last && isOfColumns(last) ? last : null;
    if (answer?.kind !== 'fault') continue;
    const { code, sentence, hint } = explainFault(answer.fault, answer.said);
    const message = `${subjectOf(node)}, in its ${hook}: ${sentence}`;
    const at = placeOfConfig(project, node, hook);
    findings.push(errorFinding(node, new GccflowError(code, message, { at, hint, cause: answer.fault })));
  }
  return findings;
}

interface AskedHook {
  readonly node: ModelNode | SeedNode;
  readonly hook: Hook;
  /** Whether a hook before it may have changed the columns. */
  readonly isLater: boolean;
  readonly sql: string;
}

const copy: Relation = { database: layoutDatabase, name: 'hooked' };

/** Statements of which the last asks for the columns that a post hook names, where it reads the node or alters it; none for others. */
function probesOf({ node, hook, isLater, sql }: AskedHook, { relations }: CheckedGraph): readonly EngineStatement[] {
  const columns = relations.get(node.id)?.columns;
  const own = relationSql(node.relation);
  if (hook !== 'post_hook' || !columns || isLater || !sql.includes(own)) return [];
  if (/^\s*(?:select|with)\b/i.test(sql)) return [{ sql: describeSelect(sql) }];
  if (/^\s*insert\s+into\s+(?!function\b)[^(]*(?:\([^()]*\))?\s*select\b/i.test(sql)) return [{ sql: `explain pipeline ${sql}` }];
  if (!sql.trim().toLowerCase().startsWith(`alter table ${own.toLowerCase()} `)) return [];
  return [{ sql: dropTable({ relation: copy }) }, { sql: createCopy(columns) }, { sql: sql.replaceAll(own, relationSql(copy)) }];
}

function createCopy(columns: readonly TypedColumn[]): string {
  const list = columns.map(({ name, type }) => `${quoteName(name, 'clickhouse')} ${type}`).join(', ');
  return `create table ${relationSql(copy)} (${list}) engine = MergeTree order by tuple()`;
}

/** Whether ClickHouse complains of columns or their types, and of nothing that only the warehouse may have. */
function isOfColumns(answer: EngineAnswer): boolean {
  return answer.kind === 'fault' && columnFaults.has(answer.fault.type ?? '');
}

const columnFaults: ReadonlySet<string> = new Set([
  'UNKNOWN_IDENTIFIER',
  'NO_SUCH_COLUMN_IN_TABLE',
  'NOT_FOUND_COLUMN_IN_BLOCK',
  'NUMBER_OF_COLUMNS_DOESNT_MATCH',
  'TYPE_MISMATCH',
  'ILLEGAL_TYPE_OF_ARGUMENT',
  'NO_COMMON_TYPE',
]);
