import type { Manifest, NodeId } from '../manifest/manifest.ts';
import type { CheckedGraph } from './checked-graph.ts';
import type { Finding } from './finding.ts';
import { isInline } from './graph-tables.ts';
import { followsFromUnknown } from './unknown-columns.ts';
import { unknownNames } from './unknown-type.ts';

/** Findings that say something of their own, and not once more that a model which is read has a mistake. */
export function withoutFollowUps(
  findings: readonly Finding[],
  manifest: Manifest,
  { relations, findings: own }: CheckedGraph,
): readonly Finding[] {
  if ([...relations.values()].every(({ from }) => from !== 'repaired')) return findings;
  const said = new Map<NodeId | null, string>(
    own.flatMap(({ node, error }) =>
      isInline(node === null ? undefined : manifest.nodes.get(node)) ? [[node, complaintOf(error.message)] as const] : [],
    ),
  );
  const repeats = ({ error }: Finding, inline: NodeId): boolean => said.get(inline) === complaintOf(error.message); // it is part of their SQL
  return findings.filter((finding) => {
    const node = finding.node === null ? undefined : manifest.nodes.get(finding.node);
    if (!node) return true;
    const parents = manifest.parents.get(node.id) ?? [];
    const read = node.kind === 'unit_test' ? [...parents, ...parents.flatMap((id) => manifest.parents.get(id) ?? [])] : parents;
    if (read.some((id) => repeats(finding, id))) return false;
    const unknown = new Set(read.flatMap((id) => [...unknownNames(relations.get(id))]));
    return node.kind === 'unit_test' ? unknown.size === 0 : !followsFromUnknown(finding, unknown);
  });
}

/** What ClickHouse says, without the subject that we say it of. */
function complaintOf(message: string): string {
  return message.slice(message.indexOf(': ') + 2);
}

/** Findings of readers that miss a dictionary which is not there because of mistakes of its own, and that dictionary. */
export function missedDictionaries(findings: readonly Finding[], { nodes }: Manifest): ReadonlyMap<Finding, NodeId> {
  const broken = new Set(findings.flatMap(({ node }) => (node === null ? [] : [node])));
  const named = [...broken].flatMap((id) => {
    const node = nodes.get(id);
    if (node?.kind !== 'model' || node.config.materialized !== 'dictionary') return [];
    return [{ id, says: `Dictionary (\`${node.relation.database}.${node.relation.name}\`) not found` }];
  });
  return new Map(
    findings.flatMap((finding) => {
      const missed = named.find(({ id, says }) => id !== finding.node && finding.error.message.includes(says));
      return missed ? [[finding, missed.id] as const] : [];
    }),
  );
}
