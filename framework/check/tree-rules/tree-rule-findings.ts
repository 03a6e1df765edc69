import { GccflowError } from '../../foundation/error.ts';
import type { Location } from '../../foundation/location.ts';
import type { Manifest, ModelNode, NodeId } from '../../manifest/manifest.ts';
import { renderMapped } from '../../manifest/render-sql.ts';
import type { MappedSql } from '../../manifest/source-map.ts';
import type { Project } from '../../project/project.ts';
import { type PlacedRule, type TreeRuleName, treeRuleNames } from '../../project/rule.ts';
import type { CheckedGraph } from '../checked-graph.ts';
import { placeOfConfig } from '../config-place.ts';
import type { Finding } from '../finding.ts';
import type { ModelReading } from '../lineage/model-reading.ts';
import { nameInlined } from '../lineage/name-inlined.ts';
import { heldTo, pickNodes, ruleHint } from '../project-rules.ts';
import { treeRules } from './index.ts';
import { uselessOrderBy } from './unfiltered-order-by.ts';

export interface TreeRuleContext {
  readonly project: Project;
  readonly manifest: Manifest;
  readonly graph: CheckedGraph;
  readonly readings: ReadonlyMap<NodeId, ModelReading>;
}

interface Broken {
  readonly at: Location;
  readonly message: string;
  readonly hint: string;
}

/** Whether project.yaml has a rule that needs to know how ClickHouse understands the models. */
export function hasTreeRules({ rules }: Pick<Project, 'rules'>): boolean {
  return rules.some(({ rule }) => rule.severity !== 'off' && isTreeRule(rule.rule));
}

/** What breaks those of the `rules:` of project.yaml that are over SQL: RULE_BROKEN at its place in the author's file, once a place. */
export function treeRuleFindings(context: TreeRuleContext): readonly Finding[] {
  const named = { ...context, manifest: nameInlined(context.manifest) }; // offsets of marks are those of its SQL
  return context.project.rules.flatMap((placed): readonly Finding[] => {
    const { rule } = placed;
    if (rule.severity === 'off' || !isTreeRule(rule.rule)) return [];
    const name = rule.rule;
    return heldTo(placed, () => {
      const picked = pickNodes(context.manifest, context.project.selectors, rule.select, rule.exclude);
      const models = [...context.manifest.nodes.values()].filter((node): node is ModelNode => node.kind === 'model' && picked.has(node.id));
      return models
        .filter((node) => isHeld(node, rule, context.manifest))
        .flatMap((node) => brokenIn(node, name, named).map((broken) => findingOf(node, broken, placed)));
    });
  });
}

function isTreeRule(name: string): name is TreeRuleName {
  return (treeRuleNames as readonly string[]).includes(name);
}

/** `select_star` holds for what is served where it does not say for which models: those that no model reads, or that something beside models reads. */
function isHeld({ id }: ModelNode, { rule, select }: PlacedRule['rule'], manifest: Manifest): boolean {
  if (rule !== 'select_star' || select !== 'resource_type:model') return true;
  const kinds = (manifest.children.get(id) ?? []).map((child) => manifest.nodes.get(child)?.kind);
  return !kinds.includes('model') || kinds.includes('sync') || kinds.includes('exposure');
}

function brokenIn(node: ModelNode, name: TreeRuleName, { project, manifest, graph, readings }: TreeRuleContext): readonly Broken[] {
  if (name === 'unfiltered_order_by') {
    const useless = uselessOrderBy(node, graph.relations.get(node.id)?.columns ?? [], manifest, readings);
    if (!useless) return [];
    const instead = useless.instead.map((column) => `'${column}'`).join(', ');
    const message = `is sorted by '${useless.column}' first, and the models that read it filter, join, group or sort by ${instead} instead`;
    return [{ at: placeOfConfig(project, node, 'order_by'), message, hint: 'Begin `order_by` with a column that its readers filter by.' }];
  }
  const marks = (readings.get(node.id)?.marks ?? []).filter(({ rule }) => rule === name);
  const mapped = new Map<boolean, MappedSql>();
  const places = marks.flatMap(({ incremental, offset, message }) => {
    const sql = mapped.get(incremental) ?? renderMapped(manifest, node, { incremental });
    mapped.set(incremental, sql);
    const { at } = sql.sourceOf(offset);
    return [{ at, message, hint: treeRules[name].hint }];
  });
  return [...new Map(places.map((broken) => [JSON.stringify([broken.at.line, broken.at.column, broken.message]), broken])).values()];
}

function findingOf(node: ModelNode, { at, message, hint }: Broken, placed: PlacedRule): Finding {
  const error = new GccflowError('RULE_BROKEN', `The model '${node.name}' ${message}.`, { at, hint: `${hint} ${ruleHint(placed)}` });
  return { severity: placed.rule.severity === 'warn' ? 'warn' : 'error', node: node.id, error };
}
