import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import { envValue } from '../project/expand-env.ts';
import { handlebars } from '../project/handlebars.ts';
import { firstInterval } from './first-interval.ts';
import { type Interval, instantSql } from './interval.ts';
import { literalSql } from './literal.ts';
import type { Manifest, ModelNode, Node, NodeId, SeedNode, SourceNode, TestNode } from './manifest.ts';
import { placeEach, placeHelper, renderFailed } from './place-failure.ts';
import { readsFinal } from './reads-final.ts';
import { type Relation, relationSql } from './relation.ts';
import { parseRelationName } from './relation-name.ts';
import { type MappedSql, Marks, type Origin } from './source-map.ts';
import { Templates, withoutFillers } from './templates.ts';

/** What a rendering depends on besides the manifest. */
export interface RenderContext {
  /** What `(is_incremental)` gives. */
  readonly incremental: boolean;
  /** What `{{interval_start}}` and `{{interval_end}}` give; the first interval of the model where nothing is said. */
  readonly interval?: Interval;
  /** A condition that picks the rows that are read of a node; all of them where there is none. */
  readonly whereOf?: (id: NodeId) => string | undefined;
  /** Relations to use in place of the nodes' own, e.g. a stage; `{{this}}` and `{{model}}` obey it too. */
  readonly relationOf?: (id: NodeId) => Relation | undefined;
  /** Told of every text that `{{env}}` gives. */
  readonly onEnv?: (value: string) => void;
}

/** The SQL of a model or test: one statement, without a `;` at its end. Throws RENDER_FAILED at the call that failed, where that is known. */
export function renderSql(manifest: Manifest, node: ModelNode | TestNode, context: RenderContext): string {
  return renderNode(node, context, manifest, Templates.of(manifest));
}

/** The same SQL, which knows where each character comes from. Slower: for what is to be shown to the author. Throws RENDER_FAILED. */
export function renderMapped(manifest: Manifest, node: ModelNode | TestNode, context: RenderContext): MappedSql {
  const marks = new Marks();
  const mapped = marks.read(renderNode(node, context, manifest, new Templates(manifest, marks)));
  const text = renderSql(manifest, node, context);
  // A block helper of the project may cut or count what it is given, and marks are in it.
  return mapped.text === text ? mapped : { text, sourceOf: () => ({ at: node.at, exact: false, macro: null }) };
}

/** Any template text in the name of a node, such as a hook. Throws RENDER_FAILED. */
export function renderText(manifest: Manifest, node: Node, text: string, context: RenderContext): string {
  return withoutFillers(renderWith(manifest, node, text, context, Templates.of(manifest)));
}

function renderNode(node: ModelNode | TestNode, context: RenderContext, manifest: Manifest, templates: Templates): string {
  return templates.withoutTerminator(withoutFillers(renderWith(manifest, node, node.template.text, context, templates)));
}

function renderWith(manifest: Manifest, node: Node, text: string, context: RenderContext, templates: Templates): string {
  const rendering = new Rendering(manifest, node, context, templates);
  try {
    return rendering.render(text);
  } catch (error) {
    throw error instanceof GccflowError ? error : renderFailed(error, node, text);
  }
}

/** The same graph with other vars, environment or nodes. It shares the compiled templates. */
export function withChanges(manifest: Manifest, changes: Partial<Pick<Manifest, 'vars' | 'env' | 'nodes'>>): Manifest {
  const changed = { ...manifest, ...changes };
  Templates.share(manifest, changed);
  return changed;
}

/** One rendering: its helpers know the node and the context. */
class Rendering {
  readonly #manifest: Manifest;
  readonly #node: Node;
  readonly #context: RenderContext;
  readonly #templates: Templates;

  constructor(manifest: Manifest, node: Node, context: RenderContext, templates: Templates) {
    this.#manifest = manifest;
    this.#node = node;
    this.#context = context;
    this.#templates = templates;
  }

  render(text: string): string {
    const own = [...this.#manifest.helpers].map(([name, helper]) => [name, placeHelper(name, helper)] as const);
    const helpers = { ...Object.fromEntries(own), ...this.#helpers() };
    const options = { helpers, partials: this.#templates.partials as Record<string, HandlebarsTemplateDelegate> };
    return this.#templates.compile(this.#originOf(text))(this.#variables(), options);
  }

  /** A text of the node: its template, or a value of its YAML file. */
  #originOf(text: string): Origin {
    const node = this.#node;
    const isOwn = 'template' in node && node.template.text === text;
    const isFile = isOwn && !node.template.file.startsWith('('); // a test that gccflow brings has none
    return { text, start: isOwn ? node.template.start : node.at, kind: isFile ? 'own' : 'value' };
  }

  /** Names a template may use bare. The object itself is `{{this}}`. */
  #variables(): Record<string, unknown> {
    const node = this.#node;
    const variables: Record<string, unknown> = { toString: () => this.#ownRelation() };
    if (node.kind !== 'test') return variables;
    for (const [key, value] of Object.entries(node.arguments)) variables[key] = this.#argument(node, key, value);
    variables.column_name = node.column;
    if (node.attachedTo) variables.model = this.#underTest(node, node.attachedTo);
    return variables;
  }

  #argument(node: TestNode, key: string, value: unknown): unknown {
    const reference = node.references[key];
    if (reference) return this.#relationOf(this.#relationNode(reference), 'where needed');
    if (Array.isArray(value)) return value.map((item) => this.#argument(node, '', item));
    return typeof value === 'string' && value.includes('{{')
      ? this.#templates.compile(this.#originOf(value))({}, { helpers: this.#helpers() })
      : value;
  }

  #helpers(): Record<string, Handlebars.HelperDelegate> {
    const { vars, env } = this.#manifest;
    return {
      config: () => '',
      ref: (name: string, options: Handlebars.HelperOptions) =>
        this.#relationOf(this.#find(name), options.hash.final === true ? 'always' : 'never'),
      source: (source: string, table: string, options: Handlebars.HelperOptions) =>
        this.#relationOf(this.#relationNode(`source.${source}.${table}`), options.hash.final === true ? 'always' : 'never'),
      var: (name: string, ...rest: unknown[]) => (Object.hasOwn(vars, name) ? vars[name] : defaultOf(rest)),
      env: (name: string, ...rest: unknown[]) => {
        const value = envValue(env, name) ?? defaultOf(rest);
        this.#context.onEnv?.(String(value));
        return value;
      },
      is_incremental: () => this.#context.incremental,
      interval_start: placeHelper('interval_start', () => instantSql(this.#interval().start)),
      interval_end: placeHelper('interval_end', () => instantSql(this.#interval().end)),
      each: placeEach(handlebars().helpers.each as Handlebars.HelperDelegate),
      list: (...items: unknown[]) => items.slice(0, -1),
      map: (options: Handlebars.HelperOptions) => ({ ...options.hash }),
      identifier: (name: unknown) => quoteName(String(name), 'clickhouse'),
      literal: (value: unknown) => literalSql(value),
    };
  }

  #interval(): Interval {
    const interval = this.#context.interval ?? firstInterval(this.#node);
    if (interval) return interval;
    throw new Error('it is for models with incremental_strategy="interval"');
  }

  #ownRelation(): string {
    const node = this.#node;
    if (node.kind === 'test' && node.attachedTo) return this.#relationOf(this.#relationNode(node.attachedTo), 'never');
    return 'relation' in node ? relationSql(this.#context.relationOf?.(node.id) ?? node.relation) : '';
  }

  /** The relation a test looks at, with only the rows of its `where`. */
  #underTest(node: TestNode, id: NodeId): string {
    const relation = this.#relationOf(this.#relationNode(id), 'where needed');
    const { where } = node.config;
    if (where === null) return relation;
    return `(select * from ${relation} where ${where.includes('{{') ? this.#templates.compile(this.#originOf(where))({}, { helpers: this.#helpers() }) : where})`;
  }

  /** A relation as SQL reads it: an ephemeral model as its SQL, others by name. `final`: whether rows that others replace are left out. */
  #relationOf(node: SourceNode | SeedNode | ModelNode, final: 'always' | 'where needed' | 'never'): string {
    if (node.kind === 'model' && node.config.materialized === 'ephemeral') {
      const { relationOf, onEnv } = this.#context;
      const context = { incremental: false, ...(relationOf && { relationOf }), ...(onEnv && { onEnv }) };
      const sql = renderNode(node, context, this.#manifest, this.#templates);
      const endsInComment = /(?:--|#)[^\n]*$/.test(sql);
      return `(${sql}${endsInComment ? '\n' : ''})`;
    }
    const relation = relationSql(this.#context.relationOf?.(node.id) ?? node.relation);
    const where = this.#context.whereOf?.(node.id);
    if (where !== undefined) return `(select * from ${relation} where ${where} settings ${everyColumn})`;
    if (final === 'never' || (final === 'where needed' && !readsFinal(node))) return relation;
    return `(select * from ${relation} final)`; // `t final as a` is a syntax error; the subquery takes an alias and is planned alike
  }

  #find(name: string): SourceNode | SeedNode | ModelNode {
    const node = this.#manifest.nodes.get(`model.${name}`) ?? this.#manifest.nodes.get(`seed.${name}`);
    if (node && 'relation' in node) return node;
    const other = parseRelationName(name);
    throw new GccflowError('RENDER_FAILED', `'${other.kind === 'ref' ? other.name : name}' is no model or seed.`, { at: this.#node.at });
  }

  #relationNode(id: NodeId): SourceNode | SeedNode | ModelNode {
    const node = this.#manifest.nodes.get(id);
    if (node && 'relation' in node) return node;
    throw new GccflowError('RENDER_FAILED', `'${id}' is no relation of the graph.`, { at: this.#node.at });
  }
}

/** The default of a `{{var}}`: its second argument, or `default=`. */
function defaultOf(rest: readonly unknown[]): unknown {
  const options = rest.at(-1) as Handlebars.HelperOptions;
  return rest.length > 1 ? rest[0] : options.hash.default;
}

/** A column that its table computes is no part of `*` otherwise. */
const everyColumn = 'asterisk_include_materialized_columns = 1, asterisk_include_alias_columns = 1';
