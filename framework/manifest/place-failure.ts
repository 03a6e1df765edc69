import { GccflowError, messageOf } from '../foundation/error.ts';
import { type Location, type Position, startOf } from '../foundation/location.ts';
import type { Macro, MacroHelper, Node } from './manifest.ts';

/** A place in the template that was rendering, as Handlebars knows it: lines from 1, columns from 0. */
interface TemplatePlace {
  readonly lineNumber?: number | undefined;
  readonly column?: number | undefined;
}

/** What a helper of the project threw, and where it was called. */
class HelperFailure extends Error implements TemplatePlace {
  readonly lineNumber: number | undefined;
  readonly column: number | undefined;

  constructor(name: string, cause: unknown, call: { readonly line: number; readonly column: number } | undefined) {
    super(`the helper '${name}' failed: ${messageOf(cause)}`, { cause });
    this.lineNumber = call?.line;
    this.column = call?.column;
  }
}

/** What went wrong inside of a macro, and where in the macro's file. */
class MacroFailure extends Error {
  readonly at: Location;

  constructor(cause: unknown, at: Location) {
    super(messageOf(cause), { cause });
    this.at = at;
  }
}

/** The helper, so that what it throws tells where it was called. */
export function placeHelper(name: string, helper: MacroHelper): Handlebars.HelperDelegate {
  return function (this: unknown, ...given: unknown[]): unknown {
    let result: unknown;
    try {
      result = (helper as (...args: unknown[]) => unknown).apply(this, given);
    } catch (error) {
      throw new HelperFailure(name, error, callOf(given.at(-1)));
    }
    if (!(result instanceof Promise)) return result;
    result.catch(() => {}); // told as what it is, whatever becomes of it
    throw new HelperFailure(name, new Error('it returns a promise, and a template does not wait for one'), callOf(given.at(-1)));
  };
}

function callOf(options: unknown): { readonly line: number; readonly column: number } | undefined {
  return (options as { loc?: { start: { line: number; column: number } } }).loc?.start;
}

/** `{{#each}}` that refuses what is no list or map: Handlebars would render nothing. Handed `undefined`, `false` or '' it does so too. */
export function placeEach(each: Handlebars.HelperDelegate): Handlebars.HelperDelegate {
  return function (this: unknown, ...given: unknown[]): unknown {
    const [value, options] = given;
    if (value === 0 || (value && typeof value !== 'object' && typeof value !== 'function')) {
      const reason = new Error(`it goes through a list or a map, and '${String(value)}' is neither`);
      throw new HelperFailure('each', reason, callOf(options));
    }
    return each.apply(this, given as Parameters<typeof each>);
  };
}

/** The compiled text of a macro, without the space around it, so that what fails in it tells where in the macro's file. */
export function placeMacro({ file, template }: Macro, compiled: HandlebarsTemplateDelegate): HandlebarsTemplateDelegate {
  return (context, options) => {
    try {
      return compiled(context, options);
    } catch (error) {
      if (error instanceof GccflowError || error instanceof MacroFailure) throw error;
      const space = template.text.slice(0, template.text.length - template.text.trimStart().length).split('\n');
      const start = { line: space.length, column: (space.at(-1)?.length ?? 0) + 1 };
      throw new MacroFailure(error, placeOf(error, { file, ...start }) ?? startOf(file));
    }
  };
}

/** The failure of rendering `text` for a node, at its place. Places are known in the node's own template, and in macros. */
export function renderFailed(error: unknown, node: Node, text: string): GccflowError {
  const isOwn = 'template' in node && node.template.text === text;
  const at = error instanceof MacroFailure ? error.at : ((isOwn ? placeOf(error, node.template.start) : null) ?? node.at);
  const cause = error instanceof MacroFailure ? error.cause : error;
  return new GccflowError('RENDER_FAILED', `The template of '${node.name}' cannot be rendered: ${reasonOf(cause)}.`, { at, cause });
}

function placeOf(error: unknown, start: Location): Location | null {
  const { lineNumber, column = 0 } = error as TemplatePlace;
  if (lineNumber === undefined) return null;
  const place: Position = {
    line: start.line + lineNumber - 1,
    column: lineNumber === 1 ? start.column + column : column + 1,
  };
  return { file: start.file, ...place };
}

/** Handlebars names what is missing as `"x" not defined in [object]`, with its place at the end. */
function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return 'its macros call each other without an end';
  const [, missing] = /^"(.*)" not defined in/.exec(messageOf(error)) ?? [];
  return missing === undefined ? messageOf(error).replace(/ - \d+:\d+$/, '') : `'${missing}' has no value here`;
}
