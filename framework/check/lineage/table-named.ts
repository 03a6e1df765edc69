import type { Relation } from '../../manifest/relation.ts';

/** One part of a name: quoted by backquotes, or bare. */
const part = /`((?:[^`\\]|\\.)*)`|[^.`]+/g;

/** The relation that ClickHouse prints as `beat.views` or `` `my db`.views ``. `database` is empty where the name has one part. */
export function tableNamed(text: string): Relation {
  const parts = [...text.matchAll(part)].map(([bare, quoted]) => quoted?.replace(/\\(.)/g, '$1') ?? bare);
  const name = parts.pop() ?? '';
  return { database: parts.join('.'), name };
}
