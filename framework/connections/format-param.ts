/** A query parameter's value in the text form that ClickHouse takes it in over HTTP (and in `SET param_x = …`). */
export function formatParam(value: unknown): string {
  if (value === null || value === undefined) return '\\N';
  if (typeof value === 'string') return escapeText(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  return formatNested(value);
}

function formatNested(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'string') return `'${escapeText(value)}'`;
  if (typeof value === 'number') return formatNumber(value);
  if (value instanceof Date) return formatTime(value);
  if (Array.isArray(value)) return `[${value.map(formatNested).join(',')}]`;
  if (value instanceof Map) return formatEntries([...value]);
  if (typeof value === 'object') return formatEntries(Object.entries(value));
  return String(value);
}

function formatEntries(entries: readonly (readonly [unknown, unknown])[]): string {
  return `{${entries.map(([key, value]) => `${formatNested(key)}:${formatNested(value)}`).join(',')}}`;
}

function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  return Number.isFinite(value) ? String(value) : `${value > 0 ? '+' : '-'}inf`;
}

/** Seconds since 1970, which mean the same in every time zone. */
function formatTime(value: Date): string {
  const ms = value.getTime();
  const seconds = String(Math.floor(ms / 1000)).padStart(10, '0');
  return ms % 1000 === 0 ? seconds : `${seconds}.${String(value.getUTCMilliseconds()).padStart(3, '0')}`;
}

const escapes: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', "'": "\\'", '\\': '\\\\', '\0': '\\0' };

function escapeText(text: string): string {
  return text.replace(/[\t\n\r'\\\0]/g, (character) => escapes[character] ?? character);
}
