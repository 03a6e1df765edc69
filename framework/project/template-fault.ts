import { GccflowError, messageOf } from '../foundation/error.ts';
import { type Location, locate, type Position } from '../foundation/location.ts';

/** What a tag of Jinja is to be written as. */
export const jinjaHint =
  'Write {{ref "x"}}, {{#if (is_incremental)}}…{{/if}}, {{#each (var "x")}}…{{/each}}: no parentheses around all, no commas.';

/** A place inside the text, as a place in its file. Both count from 1. */
export function shift(start: Position, line: number, column: number): Position {
  return { line: start.line + line - 1, column: line === 1 ? start.column + column - 1 : column };
}

/**
 * What Handlebars says of a template that does not parse, where the mistake stands: its errors carry their line in the text only, and the column
 * as the length of a dashed line. Of a tag or block that is not closed it names where the text ends; where it begins is told.
 */
export function syntaxError(error: unknown, text: string, start: Location): GccflowError {
  if (error instanceof RangeError)
    return new GccflowError('TEMPLATE_SYNTAX', 'The template is nested too deeply.', { at: start, cause: error });
  const { lineNumber, column } = error as { lineNumber?: number; column?: number };
  const message = messageOf(error);
  if (lineNumber !== undefined) {
    const at = locate(start.file, placeOfClosing(message, text, lineNumber, start) ?? shift(start, lineNumber, (column ?? 0) + 1));
    return new GccflowError('TEMPLATE_SYNTAX', `The template does not parse: ${message.replace(/ - \d+:\d+$/, '')}.`, { at, cause: error });
  }
  const [, lineText, shown = '', dashes = '', got = ''] = /on line (\d+):\n(.*)\n(-*)\^(?:[\s\S]*got '(\w+)')?/.exec(message) ?? [];
  const line = Number(lineText ?? 1);
  const inLine = text.split('\n')[line - 1] ?? '';
  let past = shown.slice(0, dashes.length).replace(/^\.\.\./, ''); // may begin in an earlier line
  while (!inLine.includes(past)) past = past.slice(1);
  const end = got === 'EOF';
  const isJinja = /\{\{-?\s*[\w.]+\s*\(/.test(inLine);
  const close = isJinja ? jinjaHint : 'Look for an unclosed {{, quote or parenthesis.';
  const found = shift(start, line, past === '' ? 1 : inLine.lastIndexOf(past) + past.length + 1);
  const open = unclosed(text, end);
  return new GccflowError('TEMPLATE_SYNTAX', end ? 'The template ends inside a tag or block.' : 'The template does not parse here.', {
    at: locate(start.file, open === null ? found : placeOf(open, text, start)),
    hint: end ? 'Close every {{…}}, and every {{#block}} with its {{/block}}.' : close,
    cause: error,
  });
}

/** Handlebars says where a block begins that another name ends; of one of its own blocks the end is the mistake. */
function placeOfClosing(message: string, text: string, opened: number, start: Location): Position | null {
  const name = /^(?:if|unless|each|with) doesn't match (\S+)/.exec(message)?.[1];
  if (name === undefined) return null;
  const lines = text.split('\n');
  const index = lines.findIndex((line, at) => at >= opened - 1 && line.includes(`{{/${name}`));
  return index < 0 ? null : shift(start, index + 1, (lines[index] ?? '').indexOf(`{{/${name}`) + 1);
}

const tagPattern = /\{\{!--[\s\S]*?--~?\}\}|\{\{(?<sign>[#/^!]?)(?<body>(?:(?!\{\{|\}\})[\s\S])*)(?<close>\}\})?/g;

/** The offset of the first tag that is not closed; at the end of the text, else, of the last block that is not. */
function unclosed(text: string, end: boolean): number | null {
  const blocks: number[] = [];
  for (const { index, groups } of text.matchAll(tagPattern)) {
    const { sign, body = '', close } = groups ?? {};
    if (sign !== undefined && close === undefined) return index;
    if (sign === '#' || (sign === '^' && body.trim() !== '')) blocks.push(index);
    if (sign === '/') blocks.pop();
  }
  return end ? (blocks.at(-1) ?? null) : null;
}

function placeOf(offset: number, text: string, start: Location): Position {
  const before = text.slice(0, offset).split('\n');
  return shift(start, before.length, (before.at(-1) ?? '').length + 1);
}
