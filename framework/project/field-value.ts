import type { FieldKind } from './field-type.ts';

/**
 * A value as a field of that kind holds it, or undefined where it is none. Times become ISO 8601 in UTC; nothing else is converted: a number
 * in a text is a text.
 */
export function readField(kind: FieldKind, value: unknown): unknown {
  switch (kind) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'integer':
      return Number.isSafeInteger(value) ? value : undefined;
    case 'number':
      return Number.isFinite(value) ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'timestamp':
      return readTime(value);
    case 'object':
      return typeName(value) === 'object' ? value : undefined;
    case 'list':
      return Array.isArray(value) ? value : undefined;
    case 'any':
      return value;
  }
}

/** What a value is, in the words of `FieldKind`. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

/** ISO 8601, also with a space for the T, without seconds, or with a zone without its colon, as the Graph API writes it; UTC where no zone is said. */
const isoTime = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(?:Z|([+-]\d{2}):?(\d{2}))?)?$/;
/** From year 1 to year 9999: what ISO 8601 writes with four digits. */
const firstMs = Date.parse('0001-01-01T00:00:00Z');
const lastMs = Date.parse('9999-12-31T23:59:59.999Z');

function readTime(value: unknown): string | undefined {
  const ms = msOf(value);
  return ms >= firstMs && ms <= lastMs ? new Date(ms).toISOString() : undefined;
}

function msOf(value: unknown): number {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'number' ? value * 1000 : typeof value === 'string' ? parseTime(value) : Number.NaN;
}

function parseTime(text: string): number {
  const [, day, time = '00:00', hours, minutes] = isoTime.exec(text.trim()) ?? [];
  return day === undefined ? Number.NaN : Date.parse(`${day}T${time}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
}
