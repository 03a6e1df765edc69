import { GccflowError } from '../foundation/error.ts';
import type { Manifest, ModelNode, NodeId, SeedNode } from '../manifest/manifest.ts';
import { renderText } from '../manifest/render-sql.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import type { Project } from '../project/project.ts';
import type { CheckEngine } from './check-engine.ts';
import { placeOfConfig } from './config-place.ts';
import { explainFault } from './explain-fault.ts';
import { errorFinding, thrownFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';

type Hook = 'pre_hook' | 'post_hook';

/** Hooks that ClickHouse cannot parse. They are never run, so what they name is not looked up. */
export async function checkHooks(
  manifest: Manifest,
  project: Project,
  engine: CheckEngine,
  only: ReadonlySet<NodeId> | null,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const asked: { readonly node: ModelNode | SeedNode; readonly hook: Hook; readonly sql: string }[] = [];
  for (const node of manifest.nodes.values()) {
    if ((node.kind !== 'model' && node.kind !== 'seed') || (only !== null && !only.has(node.id))) continue;
    for (const hook of ['pre_hook', 'post_hook'] as const) {
      for (const text of node.config[hook]) {
        try {
          asked.push({ node, hook, sql: renderText(manifest, node, text, { incremental: false }) });
        } catch (thrown) {
          findings.push(thrownFinding(node, thrown));
        }
      }
    }
  }
  const answers = await engine.run(asked.map(({ sql }) => ({ sql: `explain ast\n${sql}` })));
  for (const [index, { node, hook }] of asked.entries()) {
    const answer = answers[index];
    if (answer?.kind !== 'fault' || answer.fault.type !== 'SYNTAX_ERROR') continue;
    const { code, sentence } = explainFault(answer.fault, answer.said);
    const message = `${subjectOf(node)}, in its ${hook}: ${sentence}`;
    findings.push(errorFinding(node, new GccflowError(code, message, { at: placeOfConfig(project, node, hook), cause: answer.fault })));
  }
  return findings;
}
