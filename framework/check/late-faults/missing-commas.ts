import { describeSelect } from '../relation-statements.ts';
import type { Doubt } from './doubt.ts';

/** A line with nothing but a name, and another name alone in the next one, at the end of an item. */
const twoNames =
  /^(?<before>[ \t]*)(?!(?:select|distinct|from|where|having|using|on|and|or|not|union|all|with|case|else|then|end|final)\b)(?<name>(?:\w+\.)?\w+)[ \t]*(?:--.*)?\n[ \t]*(?<alias>[a-z_]\w*)[ \t]*(?:--.*)?(?=,|\n\s*from\b)/gim;

/** Two columns in two lines without a comma: the second is taken for another name of the first. Asked by putting the comma. */
export function missingCommas(sql: string): readonly Doubt[] {
  return [...sql.matchAll(twoNames)].flatMap((match) => {
    const { before = '', name = '', alias = '' } = match.groups ?? {};
    const offset = match.index + before.length;
    const end = offset + name.length;
    const whenTaken = {
      code: 'CHECK_SQL' as const,
      sentence: `'${name}' gets the name '${alias}', which is a column too: a comma seems to be missing`,
      hint: `Write ${name}, or ${name} as ${alias}.`,
      isWarning: true,
    };
    return [{ offset, statement: describeSelect(`${sql.slice(0, end)},${sql.slice(end)}`), mistakeOf: () => null, whenTaken }];
  });
}
