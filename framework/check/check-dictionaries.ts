import { GccflowError } from '../foundation/error.ts';
import type { Manifest, ModelNode, NodeId } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import { emptyDictionarySql, keyOfDictionary } from '../materializations/dictionary-sql.ts';
import type { Project } from '../project/project.ts';
import type { CheckEngine } from './check-engine.ts';
import type { CheckedGraph, TypedColumn } from './checked-graph.ts';
import { placeOfConfig } from './config-place.ts';
import { layoutFinding } from './explain-model.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { layoutDatabase } from './layout-probes.ts';

const relation = { database: layoutDatabase, name: 'dictionary' };

/** Layouts of dictionaries that ClickHouse refuses. A key that the SELECT does not return is told with the columns of the model. */
export async function checkDictionaries(
  manifest: Manifest,
  project: Project,
  { relations }: CheckedGraph,
  engine: CheckEngine,
  only: ReadonlySet<NodeId> | null,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const node of manifest.nodes.values()) {
    if (node.kind !== 'model' || node.config.materialized !== 'dictionary' || (only !== null && !only.has(node.id))) continue;
    const columns = relations.get(node.id)?.columns ?? [];
    const names = columns.map(({ name }) => name);
    if (node.config.layout === null || !keyOfDictionary(node.config).every((name) => names.includes(name))) continue;
    const create = emptyDictionarySql(relation, node.config, columns);
    const [, answer] = await engine.run([{ sql: `drop dictionary if exists ${relationSql(relation)}` }, { sql: create }]);
    if (answer && answer.kind !== 'rows') findings.push(layoutFinding(node, 'layout', answer, project));
    else findings.push(...flatKeys(node, columns, project));
  }
  return findings;
}

/** A layout by number has no place for texts, which ClickHouse tells only when it loads a row. */
function flatKeys(node: ModelNode, columns: readonly TypedColumn[], project: Project): readonly Finding[] {
  if (!/^\s*flat\b/i.test(node.config.layout ?? '')) return [];
  const key = columns.find(({ name, type }) => keyOfDictionary(node.config).includes(name) && /\b(?:String|FixedString|UUID)\b/.test(type));
  if (!key) return [];
  const message = `${subjectOf(node)} has the layout flat, whose key is a number, and '${key.name}' is ${key.type}.`;
  const at = placeOfConfig(project, node, 'layout');
  return [errorFinding(node, new GccflowError('CHECK_LAYOUT', message, { at, hint: 'Take hashed(), or a key of numbers.' }))];
}
