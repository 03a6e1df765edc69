import { GccflowError } from '../foundation/error.ts';
import type { Manifest, ModelNode, Node, NodeId, SeedNode, TestNode } from '../manifest/manifest.ts';
import { maskerOf, maskNamedSecrets } from '../manifest/mask-secrets.ts';
import type { Relation } from '../manifest/relation.ts';
import { type RenderContext, renderSql, renderText, withChanges } from '../manifest/render-sql.ts';
import type { Template } from '../project/parse-template.ts';
import { BodyKeys } from './body-key.ts';
import { comparableConfig, contractOf, relationAnywhere } from './comparable-config.ts';
import { canonicalJson, hashLength, hashOf } from './hash-value.ts';
import type { NodeFacts } from './node-facts.ts';
import { normalizeSql } from './normalize-sql.ts';

const known = new WeakMap<Manifest, FactFinder>();

/** The facts of a node. Values of vars and of the environment whose names sound like secrets are in none of them. */
export function factsOf(manifest: Manifest, node: Node): NodeFacts {
  return finderOf(manifest).factsOf(node);
}

/** Hashes of rendered SQL by their `BodyKeys`: those of the nodes whose facts were asked for. */
export function bodiesOf(manifest: Manifest): ReadonlyMap<string, string> {
  return finderOf(manifest).bodies;
}

/** Hands in what `bodiesOf` gave before, so that it is not rendered again. */
export function rememberBodies(manifest: Manifest, bodies: ReadonlyMap<string, string>): void {
  finderOf(manifest).remembered = bodies;
}

function finderOf(manifest: Manifest): FactFinder {
  const finder = known.get(manifest) ?? new FactFinder(manifest);
  known.set(manifest, finder);
  return finder;
}

const none: NodeFacts = { body: '', configs: '', contract: '', macros: '', relation: '', persisted_descriptions: '' };

class FactFinder {
  /** The graph as it would be rendered with no secret known. */
  readonly #manifest: Manifest;
  readonly #mask: (text: string) => string;
  readonly #facts = new Map<NodeId, NodeFacts>();
  readonly #keys: BodyKeys;
  remembered: ReadonlyMap<string, string> = new Map();
  readonly bodies = new Map<string, string>();

  constructor(manifest: Manifest) {
    const { vars, env } = manifest;
    this.#manifest = withChanges(manifest, { vars: maskRecord(vars), env: maskRecord(env) });
    this.#mask = maskerOf(manifest);
    this.#keys = new BodyKeys(this.#manifest);
  }

  factsOf(node: Node): NodeFacts {
    const found = this.#facts.get(node.id) ?? this.#find(node);
    this.#facts.set(node.id, found);
    return found;
  }

  #find(node: Node): NodeFacts {
    const written = this.#manifest.written.get(node.id) ?? '';
    const codeHash = this.#manifest.codeHashes.get(node.id)?.slice(0, hashLength) ?? '';
    switch (node.kind) {
      case 'model':
        return {
          ...this.#factsOfBuilt(node),
          body: this.#bodyOf(node, () => this.#renderBranches(node)),
          contract: hashOf([node.config.contract, contractOf(node.columns), node.constraints]),
          macros: hashOf(this.#macrosOf(node.template)),
        };
      case 'seed':
        return {
          ...this.#factsOfBuilt(node),
          body: node.contentHash.slice(0, hashLength),
          contract: hashOf([node.config.contract, contractOf(node.columns)]),
        };
      case 'source':
        return {
          ...none,
          configs: hashOf([node.loadedAt, node.loadedAtQuery, node.freshness]),
          contract: hashOf(contractOf(node.columns)),
          relation: hashOf(written),
        };
      case 'test':
        return {
          ...none,
          body: this.#bodyOf(node, () => [this.#render(node, false), node.testName, node.attachedTo, node.column]),
          configs: hashOf(this.#maskAll(comparableConfig(node.config))),
          macros: hashOf(this.#macrosOf(node.template)),
        };
      case 'sync': {
        const columns = node.sync.columns.map(({ description, ...column }) => ({ column, description }));
        return {
          ...none,
          body: hashOf(written),
          contract: hashOf(columns.map(({ column }) => column)),
          persisted_descriptions: hashOf([node.description, columns.map(({ description }) => description)]),
        };
      }
      case 'sink':
        return {
          ...none,
          body: hashOf(written),
          macros: codeHash,
          contract: hashOf(Object.entries(node.sink.columns).map(([name, { type }]) => [name, type])),
        };
      case 'ingest':
      case 'api':
      case 'flow':
      case 'schedule':
        return { ...none, body: hashOf(written), macros: codeHash };
      case 'exposure':
        return { ...none, body: hashOf([node.owner, node.url, this.#manifest.parents.get(node.id)]) };
      case 'unit_test':
        return { ...none, body: hashOf([node.subject, node.inputs, node.expect, maskNamedSecrets(node.overrides)]) };
    }
  }

  #factsOfBuilt(node: ModelNode | SeedNode): NodeFacts {
    const { pre_hook, post_hook, ...config } = node.config;
    const hooks = [pre_hook, post_hook].map((texts) => texts.map((text) => this.#renderHook(node, text)));
    return {
      ...none,
      configs: hashOf([this.#maskAll(comparableConfig(config)), hooks]),
      relation: hashOf(relationAnywhere(node)),
    };
  }

  #bodyOf(node: ModelNode | TestNode, render: () => unknown): string {
    const key = this.#keys.keyOf(node);
    const body = this.remembered.get(key) ?? hashOf(render());
    this.bodies.set(key, body);
    return body;
  }

  /** What a build could run: without and, where it makes a difference, with `is_incremental`. */
  #renderBranches(node: ModelNode): readonly string[] {
    const full = this.#render(node, false);
    return node.config.materialized === 'incremental' ? [full, this.#render(node, true)] : [full];
  }

  #render(node: ModelNode | TestNode, incremental: boolean): string {
    return this.#normalize(node.template.text, (context) => renderSql(this.#manifest, node, { ...context, incremental }));
  }

  #renderHook(node: ModelNode | SeedNode, text: string): string {
    return this.#normalize(text, (context) => renderText(this.#manifest, node, text, { ...context, incremental: true }));
  }

  /**
   * SQL in its normal form. What `{{env}}` gave is a name of the environment where it qualifies another name.
   * Of a template that cannot be rendered, which only a run of the node must tell, the template.
   */
  #normalize(template: string, render: (context: Pick<RenderContext, 'relationOf' | 'onEnv'>) => string): string {
    const environment = new Set<string>();
    try {
      const sql = render({ relationOf: this.#relationOf, onEnv: (value) => environment.add(value) });
      return normalizeSql(sql, environment);
    } catch (thrown) {
      if (!(thrown instanceof GccflowError)) throw thrown;
      return normalizeSql(template);
    }
  }

  readonly #relationOf = (id: NodeId): Relation | undefined => {
    const node = this.#manifest.nodes.get(id);
    if (node?.kind === 'model' || node?.kind === 'seed') return relationAnywhere(node);
    const written = this.#manifest.written.get(id);
    if (node?.kind !== 'source' || written === undefined) return undefined;
    const [database, name] = JSON.parse(written) as [string, string];
    return { database, name };
  };

  /** The text of every macro that a template reaches, and the hash of every file with a helper that one of them calls. */
  #macrosOf(template: Template): readonly (readonly [string, string])[] {
    const macros = this.#reachedMacros(template);
    const called = [template, ...macros.values()].flatMap(({ helpers, variables }) => [...helpers, ...variables]);
    const helpers = new Set(called.map(({ name }) => name).filter((name) => this.#manifest.helpers.has(name)));
    return [
      ...[...macros].map(([name, { text }]) => [name, normalizeSql(withoutTemplateComments(text))] as const),
      ...[...helpers].map((name) => [name, this.#manifest.helperHashes.get(name) ?? ''] as const),
    ].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  #reachedMacros(template: Template, reached = new Map<string, Template>()): ReadonlyMap<string, Template> {
    for (const { name } of template.macros) {
      const macro = this.#manifest.macros.get(name)?.template;
      if (!macro || reached.has(name)) continue;
      reached.set(name, macro);
      this.#reachedMacros(macro, reached);
    }
    return reached;
  }

  #maskAll(value: unknown): string {
    return this.#mask(canonicalJson(value));
  }
}

function withoutTemplateComments(text: string): string {
  return text.replaceAll(/\{\{~?!--[\s\S]*?--~?\}\}|\{\{~?![\s\S]*?\}\}/g, '');
}

function maskRecord<Value>(values: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  return maskNamedSecrets(values) as Readonly<Record<string, Value>>;
}
