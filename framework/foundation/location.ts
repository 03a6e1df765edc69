/** A place in a file the user wrote. `line` and `column` count from 1; `file` is relative to the project's folder. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The first character of a file, for mistakes that concern the file as a whole. */
export function startOf(file: string): Location {
  return { file, line: 1, column: 1 };
}

/** `file:line:column`, the form editors and terminals turn into a link. */
export function formatLocation(at: Location): string {
  return `${at.file}:${at.line}:${at.column}`;
}
