import type { Macro, MacroHelper, Manifest, Node, NodeId, UnitTestNode } from '../../manifest/manifest.ts';
import { withChanges } from '../../manifest/render-sql.ts';
import { templateOf } from '../../project/template-body.ts';

/**
 * The graph as a unit test wants it: with its vars and variables of the environment, texts in the place of macros, and relations in the place of
 * ephemeral models that it gives.
 */
export function overrideManifest(manifest: Manifest, { overrides, inputs }: UnitTestNode): Manifest {
  const { vars, env, macros } = overrides;
  const nodes = withRelations(manifest, inputs);
  const texts = Object.entries(macros);
  if (nodes === manifest.nodes && Object.keys(vars).length + Object.keys(env).length + texts.length === 0) return manifest;
  const changes = { nodes, vars: { ...manifest.vars, ...vars }, env: { ...manifest.env, ...env } };
  if (texts.length === 0) return withChanges(manifest, changes);
  const isMacro = ([name]: readonly [string, string]): boolean => manifest.macros.has(name);
  const partials = texts
    .filter(isMacro)
    .map(([name, text]): [string, Macro] => [name, { name, file: '', template: templateOf('', { text }) }]);
  const helpers = texts.filter((entry) => !isMacro(entry)).map(([name, text]): [string, MacroHelper] => [name, () => text]);
  return {
    ...manifest,
    ...changes,
    macros: new Map([...manifest.macros, ...partials]),
    helpers: new Map([...manifest.helpers, ...helpers]),
  };
}

/** The nodes, with those as views whose SQL would stand in the place of the rows that are given for them. */
function withRelations({ nodes }: Manifest, inputs: UnitTestNode['inputs']): Manifest['nodes'] {
  const views = inputs.flatMap(({ node: id }): [NodeId, Node][] => {
    const node = id === null ? undefined : nodes.get(id);
    const isInline = node?.kind === 'model' && node.config.materialized === 'ephemeral';
    return isInline ? [[node.id, { ...node, config: { ...node.config, materialized: 'view' } }]] : [];
  });
  return views.length === 0 ? nodes : new Map([...nodes, ...views]);
}
