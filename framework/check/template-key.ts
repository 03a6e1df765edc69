import type { Manifest, ModelNode, NodeId } from '../manifest/manifest.ts';
import { envValue } from '../project/expand-env.ts';
import { keyOf } from './check-cache.ts';
import type { TypedColumn } from './checked-graph.ts';
import { askedBy } from './late-faults/dictionary-keys.ts';

/**
 * Keys of models that are known without rendering them: all that a rendering and its columns may depend on. Coarser than the key of the SQL:
 * another one says nothing, the same one that nothing has changed.
 */
export class TemplateKeys {
  readonly #manifest: Manifest;
  readonly #shared: string;

  constructor(manifest: Manifest) {
    this.#manifest = manifest;
    const macros = [...manifest.macros.values()];
    const envs = macros.flatMap(({ template }) => template.envs.map(({ name }) => [name, envValue(manifest.env, name)]));
    this.#shared = keyOf([macros.map(({ name, template }) => [name, template.text]), envs, manifest.vars]);
  }

  /** null where the model calls functions of the project, which may depend on anything. `columnsOf`: of a relation that was checked. */
  of(node: ModelNode, asTable: boolean, columnsOf: (id: NodeId) => readonly TypedColumn[] | undefined): string | null {
    const { template, config, relation, id } = node;
    const { nodes, parents, helpers } = this.#manifest;
    const mayCall = helpers.size > 0 && (template.helpers.length > 0 || template.variables.length > 0 || template.macros.length > 0);
    if (mayCall) return null;
    const envs = template.envs.map(({ name }) => envValue(this.#manifest.env, name));
    const read: unknown[] = [];
    for (const parent of parents.get(id) ?? []) {
      const other = nodes.get(parent);
      const isInline = other?.kind === 'model' && other.config.materialized === 'ephemeral';
      const inside = isInline ? this.of(other, false, columnsOf) : '';
      if (inside === null) return null;
      read.push([parent, other && 'relation' in other ? other.relation : null, askedBy(other), inside, columnsOf(parent)]);
    }
    return keyOf([this.#shared, template.text, config, relation, asTable, envs, read]);
  }
}
