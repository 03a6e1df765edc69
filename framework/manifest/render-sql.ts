import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import { envValue } from '../project/expand-env.ts';
import { handlebars } from '../project/handlebars.ts';
import { withoutTerminator } from '../project/sql-statements.ts';
import { literalSql } from './literal.ts';
import type { Manifest, ModelNode, Node, NodeId, SeedNode, SourceNode, TestNode } from './manifest.ts';
import { placeHelper, placeMacro, renderFailed } from './place-failure.ts';
import { readsFinal } from './reads-final.ts';
import { type Relation, relationSql } from './relation.ts';
import { parseRelationName } from './relation-name.ts';

/** What a rendering depends on besides the manifest. */
export interface RenderContext {
  /** What `(is_incremental)` gives. */
  readonly incremental: boolean;
  /** Relations to use in place of the nodes' own, e.g. a stage; `{{this}}` and `{{model}}` obey it too. */
  readonly relationOf?: (id: NodeId) => Relation | undefined;
}

/** The SQL of a model or test: one statement, without a `;` at its end. Throws RENDER_FAILED at the call that failed, where that is known. */
export function renderSql(manifest: Manifest, node: ModelNode | TestNode, context: RenderContext): string {
  return withoutTerminator(renderText(manifest, node, node.template.text, context));
}

/** Any template text in the name of a node, such as a hook. Throws RENDER_FAILED. */
export function renderText(manifest: Manifest, node: Node, text: string, context: RenderContext): string {
  const rendering = new Rendering(manifest, node, context);
  try {
    return rendering.render(text);
  } catch (error) {
    throw error instanceof GccflowError ? error : renderFailed(error, node, text);
  }
}

const runtime = new WeakMap<Manifest, Templates>();

/** The same graph with other vars, environment or nodes. It shares the compiled templates. */
export function withChanges(manifest: Manifest, changes: Partial<Pick<Manifest, 'vars' | 'env' | 'nodes'>>): Manifest {
  const changed = { ...manifest, ...changes };
  runtime.set(changed, Templates.of(manifest));
  return changed;
}

/** The templates of one manifest, each compiled once. */
class Templates {
  readonly #compiled = new Map<string, HandlebarsTemplateDelegate>();
  readonly partials: Readonly<Record<string, HandlebarsTemplateDelegate>>;

  constructor(manifest: Manifest) {
    const macros = [...manifest.macros.values()];
    this.partials = Object.fromEntries(macros.map((macro) => [macro.name, placeMacro(macro, this.compile(macro.template.text.trim()))]));
  }

  static of(manifest: Manifest): Templates {
    const known = runtime.get(manifest) ?? new Templates(manifest);
    runtime.set(manifest, known);
    return known;
  }

  compile(text: string): HandlebarsTemplateDelegate {
    const known = this.#compiled.get(text) ?? handlebars().compile(parseAsText(text), { strict: true, noEscape: true });
    this.#compiled.set(text, known);
    return known;
  }
}

const mark = '\0'; // no file of a project holds it

/** Handlebars joins by `+`, so that two numbers side by side would be summed where no text precedes them. A mark makes text of them. */
function parseAsText(text: string): hbs.AST.Program {
  const { parse, Visitor } = handlebars();
  const visitor = new Visitor();
  visitor.Program = (program) => {
    Visitor.prototype.Program.call(visitor, program);
    const [first, second] = program.body;
    if (!first || !second || first.type === 'ContentStatement' || second.type === 'ContentStatement') return;
    program.body.unshift({ type: 'ContentStatement', value: mark, original: mark, loc: first.loc } as unknown as hbs.AST.Statement);
  };
  const program = parse(text);
  visitor.accept(program);
  return program;
}

/** One rendering: its helpers know the node and the context. */
class Rendering {
  readonly #manifest: Manifest;
  readonly #node: Node;
  readonly #context: RenderContext;
  readonly #templates: Templates;

  constructor(manifest: Manifest, node: Node, context: RenderContext) {
    this.#manifest = manifest;
    this.#node = node;
    this.#context = context;
    this.#templates = Templates.of(manifest);
  }

  render(text: string): string {
    const own = [...this.#manifest.helpers].map(([name, helper]) => [name, placeHelper(name, helper)] as const);
    const helpers = { ...Object.fromEntries(own), ...this.#helpers() };
    const options = { helpers, partials: this.#templates.partials as Record<string, HandlebarsTemplateDelegate> };
    return this.#templates.compile(text)(this.#variables(), options).replaceAll(mark, '');
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
    return typeof value === 'string' && value.includes('{{') ? this.#templates.compile(value)({}, { helpers: this.#helpers() }) : value;
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
      env: (name: string, ...rest: unknown[]) => envValue(env, name) ?? defaultOf(rest),
      is_incremental: () => this.#context.incremental,
      list: (...items: unknown[]) => items.slice(0, -1),
      map: (options: Handlebars.HelperOptions) => ({ ...options.hash }),
      identifier: (name: unknown) => quoteName(String(name), 'clickhouse'),
      literal: (value: unknown) => literalSql(value),
    };
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
    return `(select * from ${relation} where ${where.includes('{{') ? this.#templates.compile(where)({}, { helpers: this.#helpers() }) : where})`;
  }

  /** A relation as SQL reads it: an ephemeral model as its SQL, others by name. `final`: whether rows that others replace are left out. */
  #relationOf(node: SourceNode | SeedNode | ModelNode, final: 'always' | 'where needed' | 'never'): string {
    if (node.kind === 'model' && node.config.materialized === 'ephemeral') {
      const context = { incremental: false, ...(this.#context.relationOf && { relationOf: this.#context.relationOf }) };
      return `(${renderSql(this.#manifest, node, context)})`;
    }
    const relation = relationSql(this.#context.relationOf?.(node.id) ?? node.relation);
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
