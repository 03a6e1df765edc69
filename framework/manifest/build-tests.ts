import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { type Location, locate, startOf } from '../foundation/location.ts';
import type { Builtins, GenericTest } from '../project/builtins.ts';
import { checkShape } from '../project/check-shape.ts';
import { textsOf } from '../project/flow-template.ts';
import { configsAlong } from '../project/folder-config.ts';
import { parseTemplate, type Template } from '../project/parse-template.ts';
import type { YamlPath } from '../project/parse-yaml.ts';
import type { Project } from '../project/project.ts';
import { templateOf } from '../project/template-body.ts';
import { TestConfig } from '../project/test-config.ts';
import type { ArgumentPlace, TestDeclaration } from '../project/test-entry.ts';
import type { Declared } from './build-nodes.ts';
import type { ModelNode, NodeId, SeedNode, SourceNode, TestNode } from './manifest.ts';
import { mergeConfigs } from './merge-config.ts';
import { nameTest } from './name-test.ts';
import { parseRelationName } from './relation-name.ts';
import { type Resolver, subjectOf } from './resolve-refs.ts';

type Tested = SourceNode | SeedNode | ModelNode;

/** The tests of a project: those of properties and source files, and the singular ones. */
export function buildTests(
  project: Project,
  declared: readonly Declared<Tested>[],
  builtins: Builtins,
  resolver: Resolver,
  diagnostics: Diagnostics,
): Declared<TestNode>[] {
  const byId = new Map<NodeId, Declared<Tested>>(declared.map((entry) => [entry.node.id, entry]));
  const builder = new TestBuilder(project, builtins, resolver, diagnostics);
  const attached = [
    ...project.sources.map((table) => ({ id: `source.${table.source}.${table.table}` as NodeId, file: table.at.file, tests: table.tests })),
    ...project.properties.map(({ of, name, file, tests }) => ({ id: `${of}.${name}` as NodeId, file, tests })),
  ];
  const generic = attached.flatMap(({ id, file, tests }) => {
    const owner = byId.get(id);
    return owner ? tests.flatMap((test) => builder.buildGeneric(test, locate(file, test.at), owner) ?? []) : [];
  });
  return [...generic, ...builder.buildSingular()];
}

class TestBuilder {
  readonly #project: Project;
  readonly #builtins: Builtins;
  readonly #resolver: Resolver;
  readonly #diagnostics: Diagnostics;
  readonly #templates = new Map<string, Template>();
  readonly #checkedArguments = new Map<string, Readonly<Record<string, unknown>> | null>();
  readonly #defaults = TestConfig.parse({});

  constructor(project: Project, builtins: Builtins, resolver: Resolver, diagnostics: Diagnostics) {
    this.#project = project;
    this.#builtins = builtins;
    this.#resolver = resolver;
    this.#diagnostics = diagnostics;
  }

  /** The node of one declaration; null after reporting. */
  buildGeneric(declaration: TestDeclaration, at: Location, { node: tested, enabled }: Declared<Tested>): Declared<TestNode> | null {
    const test = this.#find(declaration, at);
    const args = test && this.#checkArguments(test, declaration, at);
    if (!test || !args || this.#lacksColumn(test, args, declaration, at)) return null;
    const owner = tested.kind === 'source' ? `${tested.sourceName}_${tested.name}` : tested.name;
    const prefix = tested.kind === 'source' ? 'source_' : '';
    const name = declaration.name ?? nameTest(`${prefix}${test.name}`, owner, declaration.column, declaration.arguments);
    const folders = tested.fqn.slice(1, -1);
    const config = mergeConfigs(this.#defaults, [
      ...configsAlong(this.#project.folderConfigs.tests, folders),
      { file: at.file, values: declaration.config, at: {} },
    ]);
    const takesPart = enabled && config.enabled;
    const references = takesPart ? this.#references(test, args, declaration, at, name) : {};
    if (references === null) return null;
    const template = this.#templateOf(test);
    const node: TestNode = {
      kind: 'test',
      id: `test.${name}`,
      name,
      fqn: [this.#project.name, ...folders, name],
      tags: config.tags,
      meta: config.meta,
      description: declaration.description,
      file: at.file,
      at,
      testType: 'generic',
      testName: test.name,
      attachedTo: tested.id,
      column: declaration.column,
      arguments: args,
      references,
      config,
      template,
    };
    const read = takesPart
      ? [...this.#resolver.resolveTemplate(template, subjectOf(node), null), ...this.#readByValues(node, declaration, test.relations)]
      : [];
    this.#resolver.setParents(node.id, [tested.id, ...Object.values(references), ...read]);
    return { node, enabled: takesPart };
  }

  /** What the test's arguments and its `where` read: they are templates, except for arguments that are relations. */
  #readByValues(node: TestNode, { argumentPlaces }: TestDeclaration, relations: readonly string[]): NodeId[] {
    const given = Object.entries(node.arguments).filter(([key]) => !relations.includes(key));
    return [...given, ['where', node.config.where] as const].flatMap(([key, value]) =>
      [...textsOf(value)].flatMap(([, text]) => {
        if (!text.includes('{{')) return [];
        const start = locate(node.file, argumentPlaces[key]?.at ?? node.at);
        const parsed = parseTemplate(text, start, this.#diagnostics);
        return parsed ? this.#resolver.resolveTemplate(parsed.template, subjectOf(node), []) : [];
      }),
    );
  }

  buildSingular(): Declared<TestNode>[] {
    return this.#project.singularTests.map(({ name, file, folders, template, config: own }) => {
      const config = mergeConfigs(this.#defaults, [...configsAlong(this.#project.folderConfigs.tests, [...folders, name]), own]);
      const node: TestNode = {
        kind: 'test',
        id: `test.${name}`,
        name,
        fqn: [this.#project.name, ...folders, name],
        tags: config.tags,
        meta: config.meta,
        description: '',
        file,
        at: startOf(file),
        testType: 'singular',
        testName: name,
        attachedTo: null,
        column: null,
        arguments: {},
        references: {},
        config,
        template,
      };
      this.#resolver.setParents(node.id, config.enabled ? this.#resolver.resolveTemplate(template, subjectOf(node), []) : []);
      return { node, enabled: config.enabled };
    });
  }

  #find({ test: name, column }: TestDeclaration, at: Location): GenericTest | null {
    const test = this.#project.genericTests.get(name) ?? this.#builtins.genericTests.get(name);
    if (!test) {
      const names = [...this.#project.genericTests.keys(), ...this.#builtins.genericTests.keys()];
      const hint = didYouMean(name, names) ?? `There are: ${names.toSorted().join(', ')}; add your own as tests/generic/${name}.sql.`;
      this.#diagnostics.report(new GccflowError('TEST_UNKNOWN', `The generic test '${name}' does not exist.`, { at, hint }));
      return null;
    }
    const misplaced = column === null ? test.column === 'required' : test.column === 'none';
    if (!misplaced) return test;
    const message = `The test '${name}' is declared ${column === null ? 'for a whole node' : 'below a column'}.`;
    const hint = column === null ? "Move it below a column's 'tests:'." : "Move it to the node's own 'tests:'.";
    this.#diagnostics.report(new GccflowError('VALUE_INVALID', message, { at, hint }));
    return null;
  }

  /** Whether neither a column nor what may stand in its place is there; reported. */
  #lacksColumn(
    { name, columnOr }: GenericTest,
    args: Readonly<Record<string, unknown>>,
    { column }: TestDeclaration,
    at: Location,
  ): boolean {
    if (columnOr === undefined || column !== null || args[columnOr] !== null) return false;
    const message = `The test '${name}' is declared for a whole node and has no '${columnOr}'.`;
    const hint = `Give it '${columnOr}', or move it below a column's 'tests:'.`;
    this.#diagnostics.report(new GccflowError('VALUE_INVALID', message, { at, hint }));
    return true;
  }

  /** Arguments with their defaults. The same arguments of the same test are checked once. */
  #checkArguments(test: GenericTest, declaration: TestDeclaration, at: Location): Readonly<Record<string, unknown>> | null {
    const { arguments: given, argumentPlaces } = declaration;
    const key = `${test.name} ${JSON.stringify(given)}`;
    const known = this.#checkedArguments.get(key);
    if (known) return known;
    const placeOf = ([name = '']: YamlPath): ArgumentPlace => argumentPlaces[name] ?? { at, keyAt: at };
    const places = {
      at: (path: YamlPath) => locate(at.file, placeOf(path).at),
      keyAt: (path: YamlPath) => locate(at.file, placeOf(path).keyAt),
    };
    const args = checkShape(test.arguments, given, places, this.#diagnostics);
    this.#checkedArguments.set(key, args);
    return args;
  }

  /** The relations that the arguments name; null after reporting one that does not exist. */
  #references(
    test: GenericTest,
    args: Readonly<Record<string, unknown>>,
    { argumentPlaces }: TestDeclaration,
    at: Location,
    name: string,
  ): Record<string, NodeId> | null {
    const references: Record<string, NodeId> = {};
    for (const key of test.relations) {
      const value = args[key];
      if (typeof value !== 'string') continue;
      const id = this.#resolver.resolveName(parseRelationName(value), locate(at.file, argumentPlaces[key]?.at ?? at), `Test '${name}'`);
      if (id) references[key] = id;
      else return null;
    }
    return references;
  }

  #templateOf(test: GenericTest & { readonly template?: Template }): Template {
    if (test.template) return test.template;
    const file = `(generic test ${test.name})`;
    const template = this.#templates.get(test.name) ?? templateOf(file, { text: test.sql }); // a built-in test names only what it is given
    this.#templates.set(test.name, template);
    return template;
  }
}
