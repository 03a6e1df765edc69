import { handlebars } from '../project/handlebars.ts';
import { withoutTerminator } from '../project/sql-statements.ts';
import type { Macro, Manifest } from './manifest.ts';
import { placeMacro } from './place-failure.ts';
import type { Marks, Origin } from './source-map.ts';

/** Compiled texts that are kept: a compiled template takes 15 KB, and most are rendered once or twice in a row. */
const mostCompiled = 500;

const runtime = new WeakMap<Manifest, Templates>();

/** The templates of one manifest, compiled when they are rendered and kept for a while; with `marks` they render text that says where it comes from. */
export class Templates {
  readonly #compiled = new Map<string, HandlebarsTemplateDelegate>();
  readonly #marks: Marks | null;
  readonly partials: Readonly<Record<string, HandlebarsTemplateDelegate>>;

  constructor(manifest: Manifest, marks: Marks | null = null) {
    this.#marks = marks;
    const macros = [...manifest.macros.values()];
    this.partials = Object.fromEntries(macros.map((macro) => [macro.name, placeMacro(macro, this.compile(originOf(macro)))]));
  }

  static of(manifest: Manifest): Templates {
    const known = runtime.get(manifest) ?? new Templates(manifest);
    runtime.set(manifest, known);
    return known;
  }

  /** Lets a second manifest with the same macros use the templates of the first. */
  static share(from: Manifest, to: Manifest): void {
    runtime.set(to, Templates.of(from));
  }

  compile(origin: Origin): HandlebarsTemplateDelegate {
    const key = this.#marks ? `${origin.kind}:${origin.start.file}:${origin.text}` : origin.text;
    const known = this.#compiled.get(key) ?? handlebars().compile(this.#parse(origin), { strict: true, noEscape: true });
    this.#compiled.set(key, known);
    for (const oldest of this.#compiled.keys()) {
      if (this.#compiled.size <= mostCompiled) break;
      this.#compiled.delete(oldest);
    }
    return known;
  }

  /** One statement without the `;` at its end. */
  withoutTerminator(sql: string): string {
    return this.#marks ? this.#marks.withoutTerminator(sql) : withoutTerminator(sql);
  }

  #parse(origin: Origin): hbs.AST.Program {
    const { parse, Visitor } = handlebars();
    const program = parse(origin.text);
    const visitor = new Visitor();
    const rewrite = this.#marks ? marking(this.#marks, origin) : fill;
    visitor.Program = (inner) => {
      Visitor.prototype.Program.call(visitor, inner);
      rewrite(inner);
    };
    visitor.accept(program);
    return program;
  }
}

const filler = '\0'; // no file of a project holds it

/** Rendered text without what `Templates` put between its tags. */
export function withoutFillers(rendered: string): string {
  return rendered.replaceAll(filler, '');
}

/** Handlebars joins by `+`, so that two numbers side by side would be summed where no text precedes them. A filler makes text of them. */
function fill({ body }: hbs.AST.Program): void {
  const [first, second] = body;
  if (!first || !second || first.type === 'ContentStatement' || second.type === 'ContentStatement') return;
  body.unshift(content(filler, first.loc));
}

/** Puts a mark before every text, and one before and after every tag. */
function marking(marks: Marks, origin: Origin): (program: hbs.AST.Program) => void {
  const number = marks.add(origin);
  const lines = [0, ...[...origin.text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const offsetOf = ({ line, column }: hbs.AST.Position): number => (lines[line - 1] ?? 0) + column;
  return (program) => {
    program.body = program.body.flatMap((statement) => {
      const { loc } = statement;
      const offset = offsetOf(loc.start);
      if (statement.type === 'CommentStatement') return [statement];
      if (statement.type !== 'ContentStatement') {
        return [content(marks.open(number, offset), loc), statement, content(marks.close, loc)];
      }
      const text = statement as hbs.AST.ContentStatement;
      return [content(marks.text(number, offset + cutAtStart(text)), loc), statement];
    });
  };
}

/** Handlebars cuts the space around `~` and around blocks that have a line for themselves. */
function cutAtStart({ value, original }: hbs.AST.ContentStatement): number {
  const written = String(original);
  return written.length - written.trimStart().length - (value.length - value.trimStart().length);
}

function content(value: string, loc: hbs.AST.SourceLocation): hbs.AST.Statement {
  return { type: 'ContentStatement', value, original: value, loc } as unknown as hbs.AST.Statement;
}

/** A macro's text without the space around it. */
function originOf({ template }: Macro): Origin {
  const text = template.text.trim();
  const before = template.text.slice(0, template.text.length - template.text.trimStart().length).split('\n');
  const { file } = template;
  return { text, start: { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }, kind: 'macro' };
}
