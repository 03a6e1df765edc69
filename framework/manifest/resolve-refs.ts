import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { type Location, locate } from '../foundation/location.ts';
import { envMissing, envValue } from '../project/expand-env.ts';
import { type MacroCall, parseTemplate, type Template } from '../project/parse-template.ts';
import type { Project } from '../project/project.ts';
import { templateHelpers } from '../project/template-calls.ts';
import type { Node, NodeId } from './manifest.ts';
import type { RelationName } from './relation-name.ts';

/** Finds the node behind every name that a template or file uses, and reports the names behind which there is none. */
export class Resolver {
  readonly #project: Project;
  readonly #diagnostics: Diagnostics;
  readonly #byName = new Map<string, NodeId>();
  readonly #bySource = new Map<string, NodeId>();
  readonly #disabled: ReadonlyMap<NodeId, Node>;
  readonly #macros: ReadonlyMap<string, Template>;
  /** Parents that each macro brings to its callers. */
  readonly #macroParents = new Map<string, readonly NodeId[]>();
  readonly #parents = new Map<NodeId, readonly NodeId[]>();

  constructor(project: Project, nodes: readonly Node[], disabled: ReadonlyMap<NodeId, Node>, diagnostics: Diagnostics) {
    this.#project = project;
    this.#diagnostics = diagnostics;
    this.#disabled = disabled;
    this.#macros = new Map(project.macros.map(({ name, template }) => [name, template]));
    for (const node of nodes) {
      if (node.kind === 'source') this.#bySource.set(`${node.sourceName}.${node.name}`, node.id);
      else if (!this.#byName.has(node.name) || !disabled.has(node.id)) this.#byName.set(node.name, node.id);
    }
  }

  /** Parents of a node in the order its file names them, each once. */
  parentsOf(node: Node): readonly NodeId[] {
    const known = this.#parents.get(node.id);
    if (known) return known;
    const parents = node.kind === 'model' ? [...this.resolveTemplate(node.template, subjectOf(node), []), ...this.#hookParents(node)] : [];
    this.setParents(node.id, parents);
    return this.#parents.get(node.id) ?? [];
  }

  setParents(id: NodeId, parents: readonly NodeId[]): void {
    this.#parents.set(id, parents.length < 2 ? parents : [...new Set(parents)]);
  }

  /** Where `node` names `parent`, if its own file does. */
  placeOf(node: Node, parent: Node): Location | undefined {
    if (node.kind !== 'model') return undefined;
    const call = node.template.refs.find(({ name }) => name === parent.name);
    return call && locate(node.file, call.at);
  }

  /** The nodes a template reads, its macros' included. `variables`: bare names it may use; null allows any. */
  resolveTemplate(template: Template, subject: string, variables: readonly string[] | null): NodeId[] {
    const { file } = template;
    const parents: NodeId[] = [];
    for (const { name, at } of template.refs) {
      const id = this.#byName.get(name);
      if (id !== undefined && !this.#disabled.has(id)) parents.push(id);
      else this.resolveName({ kind: 'ref', name }, locate(file, at), subject);
    }
    for (const call of template.sources) {
      const id = this.resolveName({ kind: 'source', ...call }, locate(file, call.at), subject);
      if (id !== undefined) parents.push(id);
    }
    this.#checkNames(template, variables);
    for (const call of template.macros) {
      parents.push(...this.#macroParentsOf(call.name, locate(file, call.at)));
      if (variables !== null) this.#checkArguments(call, file);
    }
    return parents;
  }

  /** Names that a macro needs and is not given. */
  missingOf(macro: string, given: readonly string[]): readonly string[] {
    return [...this.#namesNeededBy(macro, []).difference(new Set(given))];
  }

  /** Reports the names that a macro needs and its call does not give. */
  #checkArguments({ name, given, at }: MacroCall, file: string): void {
    for (const missing of given === null ? [] : this.missingOf(name, given)) {
      const message = `The macro '${name}' needs '${missing}', which this call does not give.`;
      const hint = `Write {{> ${name} ${missing}=…}}.`;
      this.#diagnostics.report(new GccflowError('TEMPLATE_ARGUMENT', message, { at: locate(file, at), hint }));
    }
  }

  /** Names that a macro needs whatever happens, also by the macros it calls: a macro passes on what it was given. */
  #namesNeededBy(name: string, callers: readonly string[]): Set<string> {
    const macro = this.#macros.get(name);
    if (!macro || callers.includes(name)) return new Set();
    const own = macro.variables.filter((variable) => variable.needed && !this.#project.helpers.has(variable.name));
    const calls = macro.macros.filter(({ inBlock, given }) => !inBlock && given !== null);
    const passedOn = calls.flatMap((call) => [...this.#namesNeededBy(call.name, [...callers, name]).difference(new Set(call.given))]);
    return new Set([...own.map((variable) => variable.name), ...passedOn]);
  }

  /** The node behind a name; undefined after reporting. */
  resolveName(name: RelationName, at: Location, subject: string): NodeId | undefined {
    const id = name.kind === 'ref' ? this.#byName.get(name.name) : this.#bySource.get(`${name.source}.${name.table}`);
    const disabled = id === undefined ? undefined : this.#disabled.get(id);
    if (id !== undefined && !disabled) return id;
    this.#diagnostics.report(disabled ? disabledRef(subject, disabled, at) : this.#notFound(name, at, subject));
    return undefined;
  }

  #notFound(name: RelationName, at: Location, subject: string): GccflowError {
    if (name.kind === 'ref') {
      const message = `${subject} refers to '${name.name}', which no file defines.`;
      return new GccflowError('REF_NOT_FOUND', message, { at, hint: didYouMean(name.name, this.#byName.keys()) });
    }
    const full = `${name.source}.${name.table}`;
    const message = `${subject} reads the source table '${full}', which no file declares.`;
    const hint = didYouMean(full, this.#bySource.keys()) ?? `Declare it in a file of sources/ with kind: source and name: ${name.source}.`;
    return new GccflowError('SOURCE_NOT_FOUND', message, { at, hint });
  }

  #macroParentsOf(name: string, at: Location): readonly NodeId[] {
    const known = this.#macroParents.get(name);
    if (known) return known;
    const template = this.#macros.get(name);
    if (!template) {
      const message = `The macro '${name}' does not exist.`;
      const hint = didYouMean(name, this.#macros.keys()) ?? `A macro is a file of macros/, here macros/${name}.hbs.`;
      this.#diagnostics.report(new GccflowError('MACRO_NOT_FOUND', message, { at, hint }));
      return [];
    }
    this.#macroParents.set(name, []); // a macro that calls itself brings nothing new
    const parents = this.resolveTemplate(template, `The macro '${name}'`, null);
    this.#macroParents.set(name, parents);
    return parents;
  }

  #checkNames(template: Template, variables: readonly string[] | null): void {
    const { helpers, env, vars } = this.#project;
    for (const { name, at } of template.helpers) {
      if (!helpers.has(name)) this.#diagnostics.report(this.#helperNotFound(name, locate(template.file, at)));
    }
    for (const { name, at } of variables === null ? [] : template.variables) {
      if (!helpers.has(name) && !variables?.includes(name)) this.#diagnostics.report(this.#helperNotFound(name, locate(template.file, at)));
    }
    for (const { name, hasDefault, at } of template.envs) {
      if (!hasDefault && envValue(env, name) === undefined) this.#diagnostics.report(envMissing(name, env, locate(template.file, at)));
    }
    for (const { name, hasDefault, at } of template.vars) {
      if (hasDefault || Object.hasOwn(vars, name)) continue;
      const message = `The var '${name}' has no value and no default.`;
      const hint =
        didYouMean(name, Object.keys(vars)) ??
        `Give it a value under 'vars:' in project.yaml or with --vars, or write {{var "${name}" default}}.`;
      this.#diagnostics.report(new GccflowError('VAR_NOT_FOUND', message, { at: locate(template.file, at), hint }));
    }
  }

  #helperNotFound(name: string, at: Location): GccflowError {
    const known = [...templateHelpers, ...this.#project.helpers.keys()];
    const macro = this.#macros.has(name) ? `'${name}' is a macro: write {{> ${name}}}.` : undefined;
    const bare = name === 'is_incremental' ? 'Write {{#if (is_incremental)}}: the parentheses call it.' : undefined;
    const hint = bare ?? macro ?? didYouMean(name, known) ?? `Helpers are exported functions of macros/*.ts.`;
    return new GccflowError('MACRO_NOT_FOUND', `No helper has the name '${name}'.`, { at, hint });
  }

  #hookParents(node: Node & { kind: 'model' }): NodeId[] {
    const { pre_hook, post_hook } = node.config;
    if (pre_hook.length + post_hook.length === 0) return [];
    const hooks = [...pre_hook, ...post_hook].filter((hook) => hook.includes('{{'));
    return hooks.flatMap((hook) => {
      const parsed = parseTemplate(hook, node.at, this.#diagnostics);
      return parsed ? this.resolveTemplate(parsed.template, `A hook of '${node.name}'`, []).filter((id) => id !== node.id) : [];
    });
  }
}

/** How a node is called in a sentence. */
export function subjectOf(node: Node): string {
  return `${node.kind.charAt(0).toUpperCase()}${node.kind.slice(1)} '${node.name}'`;
}

function disabledRef(subject: string, disabled: Node, at: Location): GccflowError {
  return new GccflowError('REF_NOT_FOUND', `${subject} refers to '${disabled.name}', which is disabled.`, {
    at,
    hint: `Enable it (enabled: true in its config), or disable what refers to it too.`,
  });
}
