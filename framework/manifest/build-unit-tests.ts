import { closest, didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { type Location, locate, type Position } from '../foundation/location.ts';
import type { Project } from '../project/project.ts';
import type { UnitTest, UnitTestRows } from '../project/unit-test.ts';
import type { Declared } from './build-nodes.ts';
import { checkOverrides } from './check-overrides.ts';
import type { ModelNode, NodeId, SeedNode, SourceNode, TestRows, UnitTestInput, UnitTestNode } from './manifest.ts';
import { parseRelationName } from './relation-name.ts';
import type { Resolver } from './resolve-refs.ts';

type Read = SourceNode | SeedNode | ModelNode;

/** The unit tests of the properties files. Names behind which there is nothing are reported, and so is an input that the model does not read. */
export function buildUnitTests(
  project: Project,
  declared: readonly Declared<Read>[],
  resolver: Resolver,
  diagnostics: Diagnostics,
): Declared<UnitTestNode>[] {
  const builder = new UnitTestBuilder(project, declared, resolver, diagnostics);
  return project.unitTests.flatMap((test) => builder.build(test) ?? []);
}

class UnitTestBuilder {
  readonly #project: Project;
  readonly #byId: ReadonlyMap<NodeId, Declared<Read>>;
  readonly #resolver: Resolver;
  readonly #diagnostics: Diagnostics;

  constructor(project: Project, declared: readonly Declared<Read>[], resolver: Resolver, diagnostics: Diagnostics) {
    this.#project = project;
    this.#byId = new Map(declared.map((entry) => [entry.node.id, entry]));
    this.#resolver = resolver;
    this.#diagnostics = diagnostics;
  }

  /** null after reporting. */
  build(test: UnitTest): Declared<UnitTestNode> | null {
    const model = test.subject.kind === 'model' ? this.#model(test, test.subject) : null;
    if (test.subject.kind === 'model' ? model === null : !this.#hasMacro(test, test.subject.name, test.subject.at)) return null;
    const before = this.#diagnostics.errors.length;
    const enabled = test.config.enabled && (model === null || model.enabled);
    const at = locate(test.file, test.at);
    const folders = model ? model.node.fqn.slice(1) : [test.subject.name];
    const node: UnitTestNode = {
      kind: 'unit_test',
      id: `unit_test.${test.subject.name}.${test.name}`,
      name: test.name,
      fqn: [this.#project.name, ...folders, test.name],
      tags: [...new Set(test.config.tags)],
      meta: test.config.meta,
      description: test.description,
      file: test.file,
      at,
      subject: this.#subject(test),
      inputs: enabled ? this.#inputs(test, model?.node ?? null) : [],
      expect: this.#expect(test),
      overrides: test.overrides,
      config: test.config,
    };
    if (enabled) this.#checkArguments(test);
    if (enabled) checkOverrides(test, this.#project, this.#diagnostics);
    this.#resolver.setParents(node.id, model ? [model.node.id] : []);
    return this.#diagnostics.errors.length > before ? null : { node, enabled };
  }

  #subject({ subject }: UnitTest): UnitTestNode['subject'] {
    if (subject.kind === 'model') return { kind: 'model', id: `model.${subject.name}` };
    return { kind: 'macro', name: subject.name, arguments: subject.arguments };
  }

  #model(test: UnitTest, { name, at }: Pick<UnitTest['subject'], 'name' | 'at'>): Declared<ModelNode> | null {
    const found = this.#byId.get(`model.${name}`);
    if (found && isModel(found)) return found;
    const names = [...this.#byId.values()].flatMap(({ node }) => (node.kind === 'model' ? [node.name] : []));
    this.#report('REF_NOT_FOUND', `The unit test '${test.name}' is of the model '${name}', which no file defines.`, test, at, {
      hint: didYouMean(name, names),
    });
    return null;
  }

  #hasMacro(test: UnitTest, name: string, at: Position): boolean {
    const names = this.#project.macros.map((macro) => macro.name);
    if (names.includes(name)) return true;
    const hint = didYouMean(name, names) ?? `A macro is a file of macros/, here macros/${name}.hbs.`;
    this.#report('MACRO_NOT_FOUND', `The macro '${name}' does not exist.`, test, at, { hint });
    return false;
  }

  #checkArguments({ name, file, subject, overrides }: UnitTest): void {
    if (subject.kind !== 'macro' || Object.keys(overrides.macros).length > 0) return; // a macro in another's place may need less
    for (const missing of this.#resolver.missingOf(subject.name, Object.keys(subject.arguments))) {
      const message = `The unit test '${name}' does not give '${missing}', which the macro '${subject.name}' needs.`;
      const hint = `Write it below the test's 'arguments:'.`;
      this.#report('TEMPLATE_ARGUMENT', message, { file }, subject.argumentsAt, { hint });
    }
  }

  #inputs(test: UnitTest, model: ModelNode | null): UnitTestInput[] {
    if (!model) {
      return (test.given ?? []).map(({ at, rows }) => ({ node: null, input: '', at: locate(test.file, at), rows: this.#rows(test, rows) }));
    }
    const readable = this.#readBy(model);
    this.#checkGiven(test, model, readable);
    const seen = new Set<NodeId>();
    return (test.given ?? []).flatMap(({ input, at, rows }) => {
      const node = this.#inputNode(test, model, readable, input ?? '', at);
      if (!node) return [];
      if (seen.has(node)) this.#report('UNIT_TEST_INPUT', `The unit test '${test.name}' gives the input '${input}' twice.`, test, at, {});
      seen.add(node);
      if (rows === null && !node.startsWith('seed.')) {
        const hint = "Write 'rows: []' for none. Only a seed has rows of its own.";
        this.#report('UNIT_TEST_INPUT', `The unit test '${test.name}' gives no rows for the input '${input}'.`, test, at, { hint });
      }
      return [{ node, input: input ?? '', at: locate(test.file, at), rows: this.#rows(test, rows) }];
    });
  }

  /** What the model's SQL reads: its parents, and what those read that are part of its own SQL. */
  #readBy(model: ModelNode): ReadonlySet<NodeId> {
    const read = new Set<NodeId>();
    const add = (id: NodeId): void => {
      for (const parent of this.#resolver.parentsOf(this.#byId.get(id)?.node ?? model)) {
        if (read.has(parent)) continue;
        read.add(parent);
        const node = this.#byId.get(parent)?.node;
        if (node?.kind === 'model' && node.config.materialized === 'ephemeral') add(parent);
      }
    };
    add(model.id);
    return read;
  }

  /** Whether a mistake has been told in the SQL of the model, or of what is part of it. */
  #isBroken(model: ModelNode, readable: ReadonlySet<NodeId>): boolean {
    const parts = [model, ...[...readable].flatMap((id) => this.#byId.get(id)?.node ?? [])];
    const files = new Set(parts.flatMap((part) => (part.kind === 'model' ? [part.file] : [])));
    return this.#diagnostics.errors.some(({ at }) => at !== undefined && files.has(at.file));
  }

  #checkGiven(test: UnitTest, model: ModelNode, readable: ReadonlySet<NodeId>): void {
    const { incremental, macrosAt } = test.overrides;
    const inputs = (test.given ?? []).map(({ input }) => input?.trim());
    if (incremental && !inputs.includes('this')) {
      const message = `The unit test '${test.name}' runs the incremental branch of '${model.name}' and does not give 'this'.`;
      const hint = "Add '- input: this' with the rows that the table has before; 'rows: []' for none.";
      this.#report('UNIT_TEST_INPUT', message, test, macrosAt.is_incremental ?? test.at, { hint });
    }
    if (test.given !== null || readable.size === 0) return;
    const hint = `Add 'given:' with rows of ${this.#names(readable).join(', ')}; 'given: []' leaves all of them empty.`;
    this.#report('UNIT_TEST_INPUT', `The unit test '${test.name}' gives none of what '${model.name}' reads.`, test, test.at, { hint });
  }

  #inputNode(test: UnitTest, model: ModelNode, readable: ReadonlySet<NodeId>, input: string, at: Position): NodeId | null {
    if (/^(\{\{\s*)?this(\s*\}\})?$/.test(input.trim())) return model.id;
    const node = this.#resolver.resolveName(parseRelationName(input.trim()), locate(test.file, at), `The unit test '${test.name}'`);
    if (node === undefined) return null;
    if (readable.has(node)) return node;
    if (this.#isBroken(model, readable)) return null; // what it reads is not known
    const names = this.#names(readable);
    const near = closest(nameOf(node), names);
    const hint = near === undefined ? `It reads ${names.join(', ') || 'nothing'}.` : `Did you mean '${near}'?`;
    const message = `The unit test '${test.name}' gives '${nameOf(node)}', which '${model.name}' does not read.`;
    this.#report('UNIT_TEST_INPUT', message, test, at, { hint });
    return null;
  }

  #names(ids: ReadonlySet<NodeId>): string[] {
    return [...ids].map(nameOf);
  }

  #expect({ expect, ...test }: UnitTest): UnitTestNode['expect'] {
    return {
      rows: this.#rows(test, expect.rows),
      ordered: expect.ordered,
      sql: expect.sql,
      ctes: expect.ctes.flatMap(({ name, at, rows: given }) => {
        const rows = this.#rows(test, given);
        return rows ? [{ name, at: locate(test.file, at), rows }] : [];
      }),
    };
  }

  /** With the fixture's file in the place of its name; null where there are none, or after reporting. */
  #rows(test: Pick<UnitTest, 'file'>, rows: UnitTestRows | null): TestRows | null {
    if (rows?.format !== 'fixture') return rows;
    const { name, as } = rows;
    const named = this.#project.fixtures.filter((fixture) => fixture.name === name);
    const fixture = as === null ? named[0] : named.find((found) => found.format === as);
    if (fixture && (as !== null || named.length === 1)) return { format: 'fixture', fixture, path: rows.path, at: rows.at };
    const names = this.#project.fixtures.map((found) => found.name);
    const hint = fixture
      ? "Add 'format: csv' or 'format: sql'."
      : (didYouMean(name, names) ?? `A fixture is a file of tests/fixtures/, here tests/fixtures/${name}.${as ?? 'csv'}.`);
    const message = fixture ? `There are two fixtures '${name}'.` : `The fixture '${name}' does not exist.`;
    this.#report('FIXTURE_NOT_FOUND', message, test, rows.at, { hint });
    return null;
  }

  #report(
    code: 'REF_NOT_FOUND' | 'MACRO_NOT_FOUND' | 'TEMPLATE_ARGUMENT' | 'UNIT_TEST_INPUT' | 'FIXTURE_NOT_FOUND',
    message: string,
    { file }: Pick<UnitTest, 'file'>,
    at: Position,
    { hint }: { readonly hint?: string | undefined },
  ): void {
    const place: Location = locate(file, at);
    this.#diagnostics.report(new GccflowError(code, message, { at: place, hint }));
  }
}

function isModel(entry: Declared<Read>): entry is Declared<ModelNode> {
  return entry.node.kind === 'model';
}

/** `mart_post`, or `beat.post` for a source. */
function nameOf(id: NodeId): string {
  return id.slice(id.indexOf('.') + 1);
}
