import { z } from 'zod';
import type { GenericTest } from './builtins.ts';
import type { Template } from './parse-template.ts';
import type { TestFile } from './project.ts';

/** A generic test of `tests/generic/*.sql`. Its arguments are the names its template reads. */
export function userTest({ name, template }: TestFile): GenericTest & { readonly template: Template } {
  const names = new Set(template.variables.map((variable) => variable.name));
  const column = names.has('column_name') ? 'required' : 'optional';
  const shape = [...names].filter((key) => key !== 'model' && key !== 'column_name').map((key) => [key, z.unknown()] as const);
  return { name, column, arguments: z.strictObject(Object.fromEntries(shape)), relations: [], sql: template.text, template };
}
