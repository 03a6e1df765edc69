import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { type Location, locate, type Position } from '../foundation/location.ts';
import { handlebars } from './handlebars.ts';
import { readCall, readLiteral, type TemplateCall } from './template-calls.ts';
import { jinjaHint, shift, syntaxError } from './template-fault.ts';

/** A template's text and what can be read from it without rendering. */
export interface Template {
  readonly text: string;
  readonly file: string;
  /** Where the text begins in its file (1:1 for a .sql file; elsewhere the YAML value's place). */
  readonly start: Location;
  readonly refs: readonly RefCall[];
  readonly sources: readonly SourceCall[];
  readonly configs: readonly ConfigCall[];
  /** Vars, env names, macros and helpers the template itself names, each once per use. */
  readonly vars: readonly DefaultedCall[];
  readonly envs: readonly DefaultedCall[];
  readonly macros: readonly MacroCall[];
  /** Helpers that are not gccflow's own, called with arguments. */
  readonly helpers: readonly NamedCall[];
  /** Bare names outside of `#each` and `#with`: the arguments of a macro or generic test, or helpers without arguments. */
  readonly variables: readonly VariableCall[];
}

/** Places in calls are places in the template's file. */
export interface NamedCall {
  readonly name: string;
  readonly at: Position;
}

/** `{{> name key=value …}}`. */
export interface MacroCall extends NamedCall {
  /** Names of the arguments; null where the macro reads its names from elsewhere: a context argument, or a block that brings its own. */
  readonly given: readonly string[] | null;
  /** Whether it stands inside a block, so that it may never be reached. */
  readonly inBlock: boolean;
}

export interface VariableCall extends NamedCall {
  /** Whether rendering is sure to need a value: the name stands by itself, in no block. `{{#if x}}` and `{{helper x}}` do without. */
  readonly needed: boolean;
}

/** `{{var "x"}}` or `{{env "X"}}`. */
export interface DefaultedCall extends NamedCall {
  readonly hasDefault: boolean;
}

export interface RefCall extends NamedCall {
  readonly final: boolean;
}

export interface SourceCall {
  readonly source: string;
  readonly table: string;
  readonly final: boolean;
  readonly at: Position;
}

/** One `{{config key=value …}}`. */
export interface ConfigCall {
  readonly values: Readonly<Record<string, ConfigValue>>;
  readonly at: Position;
}

export interface ConfigValue {
  readonly value: unknown;
  readonly keyAt: Position;
  readonly at: Position;
}

/** A template and the pieces of its SQL: text as it stands, `x` for a tag that renders to something. */
export interface ParsedTemplate {
  readonly template: Template;
  readonly pieces: readonly SqlPiece[];
}

export interface SqlPiece {
  readonly text: string;
  readonly at: Position;
}

/** Reads a template without rendering it; gives back null after reporting TEMPLATE_SYNTAX. Wrong arguments are TEMPLATE_ARGUMENT. */
export function parseTemplate(text: string, start: Location, diagnostics: Diagnostics): ParsedTemplate | null {
  const reader = new TemplateReader(text, start, diagnostics);
  try {
    reader.readProgram(handlebars().parseWithoutProcessing(text), false);
  } catch (error) {
    diagnostics.report(syntaxError(error, text, start));
    return null;
  }
  return { template: reader.template, pieces: reader.pieces };
}

/** Walks a template's tree once and writes down what it names. Both branches of every block count. */
class TemplateReader {
  readonly #start: Location;
  readonly #diagnostics: Diagnostics;
  readonly #found = {
    refs: [] as RefCall[],
    sources: [] as SourceCall[],
    configs: [] as ConfigCall[],
    vars: [] as DefaultedCall[],
    envs: [] as DefaultedCall[],
    macros: [] as MacroCall[],
    helpers: [] as NamedCall[],
    variables: [] as VariableCall[],
  };
  #blocks = 0;
  readonly template: Template;
  readonly pieces: SqlPiece[] = [];

  constructor(text: string, start: Location, diagnostics: Diagnostics) {
    this.#start = start;
    this.#diagnostics = diagnostics;
    this.template = { text, file: start.file, start, ...this.#found };
  }

  /** `scoped`: inside a block that brings its own names, so that a bare name says nothing. */
  readProgram(program: hbs.AST.Program | undefined, scoped: boolean): void {
    for (const statement of program?.body ?? []) this.#readStatement(statement, scoped);
  }

  #readStatement(statement: hbs.AST.Statement, scoped: boolean): void {
    switch (statement.type) {
      case 'ContentStatement':
        this.#readContent(statement as hbs.AST.ContentStatement);
        break;
      case 'MustacheStatement':
        this.#readMustache(statement as hbs.AST.MustacheStatement, scoped);
        break;
      case 'BlockStatement':
        this.#readBlock(statement as hbs.AST.BlockStatement, scoped);
        break;
      case 'PartialStatement':
      case 'PartialBlockStatement':
        this.#readPartial(statement as hbs.AST.PartialStatement, scoped);
        break;
      case 'CommentStatement':
        break;
      default:
        this.#report('TEMPLATE_SYNTAX', 'Decorators and inline partials are not part of gccflow templates.', statement.loc.start);
    }
  }

  /** Handlebars takes Jinja's statements for text, and ClickHouse would be the first to refuse them. */
  #readContent(statement: hbs.AST.ContentStatement): void {
    const text = statement.original as unknown as string;
    this.#addPiece(text, statement);
    const jinja = /\{%-?\s*\w+[^%]*%\}|\{#-?\s[\s\S]*?#\}/.exec(text);
    if (!jinja) return;
    const before = text.slice(0, jinja.index).split('\n');
    const { line, column } = statement.loc.start;
    const last = before.at(-1)?.length ?? 0;
    const position = { line: line + before.length - 1, column: before.length === 1 ? column + last : last };
    const [what, hint] = jinja[0].startsWith('{#') ? ['comment', 'Write {{!-- … --}}.'] : ['statement', jinjaHint];
    this.#report('TEMPLATE_SYNTAX', `This is a ${what} of Jinja; templates are Handlebars.`, position, hint);
  }

  #readMustache(statement: hbs.AST.MustacheStatement, scoped: boolean): void {
    const name = (statement.path as hbs.AST.PathExpression).original;
    if (name !== 'config') this.#addPiece('x', statement);
    this.#readExpression(statement, scoped);
  }

  #readBlock(statement: hbs.AST.BlockStatement, scoped: boolean): void {
    this.#readExpression(statement, scoped);
    const name = (statement.path as hbs.AST.PathExpression).original;
    this.#blocks++;
    const inner = scoped || name === 'each' || name === 'with' || (statement.program?.blockParams?.length ?? 0) > 0;
    this.readProgram(statement.program, inner);
    this.readProgram(statement.inverse, scoped);
    this.#blocks--;
  }

  #readPartial(statement: hbs.AST.PartialStatement, scoped: boolean): void {
    this.#addPiece('x', statement);
    if (statement.name.type !== 'PathExpression') {
      this.#report('TEMPLATE_ARGUMENT', 'A macro is called by its name, not by an expression.', statement.name.loc.start);
    } else {
      const { original } = statement.name as hbs.AST.PathExpression;
      if (original === '@partial-block') return; // what stands between {{#> name}} and {{/name}}
      if (original === '__proto__') this.#report('TEMPLATE_ARGUMENT', "No macro can be called '__proto__'.", statement.name.loc.start);
      const given = scoped || statement.params.length > 0 ? null : (statement.hash?.pairs ?? []).map(({ key }) => key);
      this.#found.macros.push({ name: original, given, inBlock: this.#blocks > 0, at: this.#place(statement.name.loc.start) });
    }
    this.#readArguments(statement, scoped);
    this.readProgram((statement as unknown as { program?: hbs.AST.Program }).program, scoped);
  }

  #readArguments({ params, hash }: { params: hbs.AST.Expression[]; hash?: hbs.AST.Hash }, scoped: boolean): void {
    for (const value of [...params, ...(hash?.pairs ?? []).map((pair) => pair.value)]) {
      if (value.type === 'SubExpression') this.#readExpression(value as hbs.AST.SubExpression, scoped);
      else if (value.type === 'PathExpression') this.#readVariable(value as hbs.AST.PathExpression, scoped, false);
    }
  }

  #readExpression(expression: TemplateCall, scoped: boolean): void {
    const path = expression.path as hbs.AST.PathExpression;
    if (path.type !== 'PathExpression') return;
    const given = expression.params.length + (expression.hash?.pairs.length ?? 0) > 0;
    const call = readCall(path.original, expression);
    const at = this.#place(path.loc.start);
    switch (call.kind) {
      case 'mistake':
        this.#report('TEMPLATE_ARGUMENT', call.message, call.node.loc.start, call.hint);
        return;
      case 'ref':
        this.#found.refs.push({ name: call.name, final: call.final, at: this.#place(call.node.loc.start) });
        break;
      case 'source':
        this.#found.sources.push({ source: call.source, table: call.table, final: call.final, at: this.#place(call.node.loc.start) });
        break;
      case 'config':
        this.#found.configs.push({ values: this.#configValues(call.pairs), at });
        return;
      case 'var':
        this.#found.vars.push({ name: call.name, hasDefault: call.hasDefault, at: this.#place(call.node.loc.start) });
        break;
      case 'env':
        this.#found.envs.push({ name: call.name, hasDefault: call.hasDefault, at: this.#place(call.node.loc.start) });
        break;
      case 'builtin':
        break;
      case 'other':
        if (given || expression.type === 'SubExpression') this.#found.helpers.push({ name: path.original, at });
        else this.#readVariable(path, scoped, this.#blocks === 0);
    }
    this.#readArguments(expression, scoped);
  }

  #configValues(pairs: readonly hbs.AST.HashPair[]): Record<string, ConfigValue> {
    const values: Record<string, ConfigValue> = Object.create(null);
    for (const { key, value, loc } of pairs) {
      const literal = readLiteral(value);
      if (literal) values[key] = { value: literal.value, keyAt: this.#place(loc.start), at: this.#place(value.loc.start) };
      else {
        const hint = 'Config is read before rendering: write a text, number, true, false, null, (list …) or (map …).';
        this.#report('TEMPLATE_ARGUMENT', `The config key '${key}' has no literal value.`, value.loc.start, hint);
      }
    }
    return values;
  }

  #readVariable(path: hbs.AST.PathExpression, scoped: boolean, needed: boolean): void {
    const [name] = path.parts;
    if (scoped || path.data || path.depth > 0 || typeof name !== 'string' || path.original.startsWith('this')) return;
    this.#found.variables.push({ name, needed, at: this.#place(path.loc.start) });
  }

  #addPiece(text: string, { loc }: hbs.AST.Statement): void {
    this.pieces.push({ text, at: this.#place(loc.start) });
  }

  #report(code: 'TEMPLATE_SYNTAX' | 'TEMPLATE_ARGUMENT', message: string, position: hbs.AST.Position, hint?: string): void {
    this.#diagnostics.report(new GccflowError(code, message, { at: locate(this.#start.file, this.#place(position)), hint }));
  }

  #place({ line, column }: hbs.AST.Position): Position {
    return shift(this.#start, line, column + 1);
  }
}
