import type { Manifest, ModelNode, NodeId, TestNode } from '../manifest/manifest.ts';
import { readsFinal } from '../manifest/reads-final.ts';
import { envValue } from '../project/expand-env.ts';
import { relationAnywhere } from './comparable-config.ts';
import { canonicalJson, hashOf } from './hash-value.ts';

/**
 * Keys that are the same as long as a node is sure to render to the same SQL: hashes of all that its rendering can look at. That of a node
 * changes with its template and config, with any var, macro and helper, with the variables of the environment that are named somewhere in
 * it, and with the relations of what it reads.
 */
export class BodyKeys {
  readonly #manifest: Manifest;
  readonly #shared: string;
  readonly #keys = new Map<NodeId, string>();

  constructor(manifest: Manifest) {
    const { vars, macros, helperHashes } = manifest;
    this.#manifest = manifest;
    const texts = [...macros.values()].map(({ name, template }) => [name, template.text]);
    this.#shared = hashOf([vars, texts, [...helperHashes], this.#envOf(texts.flat())]);
  }

  keyOf(node: ModelNode | TestNode): string {
    const key = this.#keys.get(node.id) ?? this.#makeKey(node);
    this.#keys.set(node.id, key);
    return key;
  }

  #makeKey(node: ModelNode | TestNode): string {
    const own =
      node.kind === 'model'
        ? [node.id, node.template.text, node.config, relationAnywhere(node)]
        : [node.id, node.template.text, node.config, node.testName, node.arguments, node.references, node.attachedTo, node.column];
    const read = (this.#manifest.parents.get(node.id) ?? []).map((id) => this.#readOf(id));
    return hashOf([this.#shared, own, read, this.#envOf([node.template.text, canonicalJson(own)])]);
  }

  /** What a rendering takes from a node that it names. */
  #readOf(id: NodeId): unknown {
    const node = this.#manifest.nodes.get(id);
    if (node?.kind === 'model' && node.config.materialized === 'ephemeral') return this.keyOf(node);
    if (node?.kind === 'model' || node?.kind === 'seed') return [id, relationAnywhere(node), readsFinal(node)];
    return [id, this.#manifest.written.get(id)];
  }

  /** Values of the variables that texts, in JSON or not, seem to name. */
  #envOf(texts: readonly string[]): unknown {
    const names = new Set(texts.flatMap((text) => [...text.matchAll(/\benv\s+\\?["']([^"'\\]+)/g)].map(([, name = '']) => name)));
    return [...names].toSorted().map((name) => [name, envValue(this.#manifest.env, name)]);
  }
}
