import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Manifest, NodeId } from '../manifest/manifest.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import type { Project } from '../project/project.ts';
import { grantStatements } from '../run/hooks.ts';
import type { CheckEngine } from './check-engine.ts';
import { placeOfConfig } from './config-place.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';

const usual = ['select', 'insert', 'alter', 'truncate', 'optimize', 'show', 'dictGet', 'all'];

/** Privileges in `grants` that ClickHouse does not have for a table. Who gets them is known to the warehouse alone. */
export async function checkGrants(
  manifest: Manifest,
  project: Project,
  engine: CheckEngine,
  only: ReadonlySet<NodeId> | null,
): Promise<readonly Finding[]> {
  const asked = [...manifest.nodes.values()].flatMap((node) => {
    if ((node.kind !== 'model' && node.kind !== 'seed') || (only !== null && !only.has(node.id))) return [];
    const privileges = Object.entries(node.config.grants).filter(([, grantees]) => grantees.length > 0);
    return privileges.map(([privilege]) => ({ node, privilege }));
  });
  const answers = await engine.run(
    asked.flatMap(({ node, privilege }) => {
      const granted = { ...node, config: { ...node.config, grants: { [privilege]: ['somebody'] } } };
      return grantStatements(granted, node.relation).map((sql) => ({ sql: `explain ast ${sql}` }));
    }),
  );
  return asked.flatMap(({ node, privilege }, index) => {
    const answer = answers[index];
    if (answer?.kind !== 'fault' || answer.fault.type !== 'SYNTAX_ERROR') return [];
    const message = `${subjectOf(node)} grants '${privilege}', which is no privilege of a table in ClickHouse.`;
    const hint = didYouMean(privilege.toLowerCase(), usual) ?? `Such as ${usual.join(', ')}.`;
    return [errorFinding(node, new GccflowError('CONFIG_CONFLICT', message, { at: placeOfConfig(project, node, 'grants'), hint }))];
  });
}
