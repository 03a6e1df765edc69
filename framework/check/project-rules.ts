import { GccflowError } from '../foundation/error.ts';
import { type Location, locate } from '../foundation/location.ts';
import type { Manifest, Node, NodeId } from '../manifest/manifest.ts';
import { matcher } from '../plan/match-pattern.ts';
import { selectNodes } from '../plan/select-nodes.ts';
import type { Project } from '../project/project.ts';
import { type PlacedRule, type Rule, treeRuleNames } from '../project/rule.ts';
import type { Finding } from './finding.ts';
import { missingOf } from './required.ts';

type ProjectRule = Exclude<Rule, { readonly rule: (typeof treeRuleNames)[number] }>;

interface Broken {
  /** null: the project as a whole, told at the rule. */
  readonly node: Node | null;
  readonly message: string;
  /** The node's own place where absent. */
  readonly at?: Location | undefined;
}

/**
 * What breaks the `rules:` of project.yaml, those over SQL aside: RULE_BROKEN at each node, or what is wrong with a rule, at the rule.
 * `scheduled` is all that schedules run.
 */
export function projectRuleFindings(
  { rules, selectors }: Pick<Project, 'rules' | 'selectors'>,
  manifest: Manifest,
  scheduled: ReadonlySet<NodeId>,
): readonly Finding[] {
  return rules.flatMap((placed): readonly Finding[] => {
    const { rule, at } = placed;
    if (rule.severity === 'off' || isTreeRule(rule)) return [];
    const { severity } = rule;
    return heldTo(placed, () => {
      const pick = (terms: string, exclude: string | null = null) => pickNodes(manifest, selectors, terms, exclude);
      return brokenBy(rule, { manifest, scheduled, picked: pick(rule.select, rule.exclude), pick }).map(({ node, message, at: place }) => ({
        severity,
        node: node?.id ?? null,
        error: new GccflowError('RULE_BROKEN', message, { at: place ?? node?.at ?? at, hint: ruleHint(placed) }),
      }));
    });
  });
}

/** What `find` gives, or what is wrong with the rule itself, at the rule. */
export function heldTo({ at }: PlacedRule, find: () => readonly Finding[]): readonly Finding[] {
  try {
    return find();
  } catch (thrown) {
    if (!(thrown instanceof GccflowError)) throw thrown;
    const error = new GccflowError(thrown.code, thrown.message, { at, hint: thrown.hint, cause: thrown.cause });
    return [{ severity: 'error', node: null, error }];
  }
}

function isTreeRule(rule: Rule): rule is Exclude<Rule, ProjectRule> {
  return (treeRuleNames as readonly string[]).includes(rule.rule);
}

/** Terms that match nothing are mistakes: a rule that holds for nothing guards nothing. Throws SELECTOR_NO_MATCH. */
export function pickNodes(manifest: Manifest, selectors: Project['selectors'], terms: string, exclude: string | null): ReadonlySet<NodeId> {
  return selectNodes(manifest, {
    select: [terms],
    exclude: exclude === null ? [] : [exclude],
    selectors: selectors.map((selector) => ({ ...selector, default: false })),
    indirect: 'empty',
  }).nodes;
}

interface RuleContext {
  readonly manifest: Manifest;
  readonly scheduled: ReadonlySet<NodeId>;
  readonly picked: ReadonlySet<NodeId>;
  readonly pick: (terms: string) => ReadonlySet<NodeId>;
}

function brokenBy(rule: ProjectRule, context: RuleContext): readonly Broken[] {
  switch (rule.rule) {
    case 'naming':
      return badNames(rule.pattern, context);
    case 'layering':
      return crossings(context.pick(rule.reads), rule.reads, context);
    case 'required':
      return nodesOf(context).flatMap((node) =>
        missingOf(rule, node, context.manifest).map((missing) => ({ node, message: `The ${node.kind} '${node.name}' has no ${missing}.` })),
      );
    case 'closed':
      return outsiders(rule.select, context);
    case 'scheduled':
      return nodesOf(context).flatMap((node) => unscheduled(node, context));
    case 'count':
      return miscount(rule, nodesOf(context).length);
  }
}

/** The picked nodes; tests aside, which a folder's selection brings along. */
function nodesOf({ manifest, picked }: RuleContext): readonly Node[] {
  return [...manifest.nodes.values()].filter(({ id, kind }) => picked.has(id) && kind !== 'test' && kind !== 'unit_test');
}

function badNames(pattern: string, context: RuleContext): Broken[] {
  const matches = matcher(pattern);
  return nodesOf(context)
    .filter(({ name }) => !matches(name))
    .map((node) => ({ node, message: `The ${node.kind} '${node.name}' is named otherwise than '${pattern}'.` }));
}

function crossings(allowed: ReadonlySet<NodeId>, reads: string, context: RuleContext): Broken[] {
  return nodesOf(context).flatMap((node) =>
    (context.manifest.parents.get(node.id) ?? [])
      .filter((parent) => !allowed.has(parent))
      .map((parent) => ({
        node,
        message: `The ${node.kind} '${node.name}' reads '${parent}', and may read only '${reads}'.`,
        at: placeOfRead(node, parent),
      })),
  );
}

/** Where a template reads a node. */
function placeOfRead(node: Node, parent: NodeId): Location | undefined {
  if (!('template' in node)) return undefined;
  const { refs, sources } = node.template;
  const ref = refs.find(({ name }) => parent === `model.${name}` || parent === `seed.${name}`);
  const source = sources.find(({ source, table }) => parent === `source.${source}.${table}`);
  const at = ref?.at ?? source?.at;
  return at && locate(node.file, at);
}

/** Models that a picked node reads, near or far, and that are not picked. */
function outsiders(select: string, context: RuleContext): Broken[] {
  const { manifest, picked } = context;
  const broken = new Map<NodeId, Broken>();
  for (const reader of nodesOf(context)) {
    for (const id of manifest.parents.get(reader.id) ?? []) {
      const node = manifest.nodes.get(id);
      if (node?.kind !== 'model' || picked.has(id) || broken.has(id)) continue;
      broken.set(id, { node, message: `The model '${node.name}' is not in '${select}', and '${reader.name}', which is, reads it.` });
    }
  }
  return [...broken.values()];
}

function unscheduled(node: Node, { scheduled }: RuleContext): Broken[] {
  if (scheduled.has(node.id)) return [];
  const tagged = node.tags.length === 0 ? '' : ` Its tags are ${node.tags.map((tag) => `'${tag}'`).join(', ')}.`;
  return [{ node, message: `No schedule runs the ${node.kind} '${node.name}'.${tagged}` }];
}

function miscount({ select, is, at_least: least, at_most: most }: Extract<Rule, { rule: 'count' }>, found: number): Broken[] {
  const wanted = [is !== undefined && `${is}`, least !== undefined && `at least ${least}`, most !== undefined && `at most ${most}`];
  const holds = (is === undefined || found === is) && found >= (least ?? 0) && found <= (most ?? Number.POSITIVE_INFINITY);
  if (holds) return [];
  return [{ node: null, message: `'${select}' picks ${found} nodes, and should pick ${wanted.filter(Boolean).join(' and ')}.` }];
}

/** Where the rule stands, and why it is there. */
export function ruleHint({ rule, at }: PlacedRule): string {
  const because = rule.because === null ? '' : ` ${rule.because}`;
  return `The rule '${rule.rule}' stands in ${at.file}:${at.line}.${because}`;
}
