import type { Fields } from './entry.ts';

/** Fields of a row that a template names, and how a request is made of one. */
export interface RequestTemplate<Made> {
  /** Names of fields, each once; a dotted one leads into an object. */
  readonly fields: readonly string[];
  make(row: Fields): Made;
}

/** A row lacks what an address needs, or would lead it elsewhere. Never holds a value. */
export class AddressMistake extends Error {
  override readonly name = 'AddressMistake';
}

const field = /\{\{\s*([^{}\s]+)\s*\}\}/g;
const wholeField = /^\s*\{\{\s*([^{}\s]+)\s*\}\}\s*$/;

/**
 * The JSON of a request. `{{field}}` as a whole text becomes the field's value with its type, and leaves its key out where the row has
 * none; within a longer text it is inserted as text.
 */
export function bodyTemplate(template: unknown): RequestTemplate<unknown> {
  return { fields: [...new Set(textsOf(template).flatMap(fieldsOf))], make: compile(template) };
}

/**
 * The address of a request, with percent-encoded fields. `make` throws `AddressMistake` for a field that is missing or no plain value, and
 * for one that would change the path: empty, `.` or `..`.
 */
export function addressTemplate(template: string): RequestTemplate<URL> {
  const shape = pathShape(template.replaceAll(field, 'x'));
  const make = (row: Fields): URL => {
    const text = template.replaceAll(field, (_call, name: string) => {
      const value = fieldOf(row, name);
      if (value === undefined || value === null) throw new AddressMistake(`the address needs the field '${name}', which is missing`);
      if (typeof value === 'object') throw new AddressMistake(`the address needs the field '${name}', which is no plain value`);
      return encodeURIComponent(String(value).toWellFormed());
    });
    if (pathShape(text) !== shape) throw new AddressMistake('a field of the address is empty or leads to another path');
    return new URL(text);
  };
  return { fields: fieldsOf(template), make };
}

/** Which segments of a path hold something. The parser of addresses takes `.` and `..` out, however they are written. */
function pathShape(url: string): string {
  return new URL(url).pathname
    .split('/')
    .map((segment) => (segment === '' ? '' : 'x'))
    .join('/');
}

function fieldsOf(text: string): string[] {
  return [...new Set([...text.matchAll(field)].map(([, name = '']) => name))];
}

function textsOf(template: unknown): string[] {
  if (typeof template === 'string') return [template];
  return typeof template === 'object' && template !== null ? Object.values(template).flatMap(textsOf) : [];
}

function compile(template: unknown): (row: Fields) => unknown {
  if (Array.isArray(template)) {
    const items = template.map(compile);
    return (row) => items.map((make) => make(row));
  }
  if (typeof template === 'object' && template !== null) {
    const members = Object.entries(template).map(([key, value]) => [key, compile(value)] as const);
    return (row) => Object.fromEntries(members.map(([key, make]) => [key, make(row)]));
  }
  if (typeof template !== 'string') return () => template;
  const [, whole] = wholeField.exec(template) ?? [];
  if (whole !== undefined) return (row) => fieldOf(row, whole);
  return (row) => template.replaceAll(field, (_call, name: string) => textOf(fieldOf(row, name)));
}

/** A field by its whole name, else by its dotted path. */
function fieldOf(row: Fields, name: string): unknown {
  if (Object.hasOwn(row, name)) return row[name];
  let value: unknown = row;
  for (const key of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
