/** `text` as PostgreSQL can store it: it knows neither the character 0 nor half of a surrogate pair. What is longer is cut. */
export function storableText(text: string, maxLength = Number.POSITIVE_INFINITY): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
  return cut.replaceAll('\0', '\uFFFD').toWellFormed();
}
