/** A place in a text. `line` and `column` count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A place in a file the user wrote. `file` is relative to the project's folder. */
export interface Location extends Position {
  readonly file: string;
}

/** A place of which the file is known from elsewhere. */
export function locate(file: string, { line, column }: Position): Location {
  return { file, line, column };
}

/** A place without its file. */
export function positionOf({ line, column }: Position): Position {
  return { line, column };
}

/** The first character of a file, for mistakes that concern the file as a whole. */
export function startOf(file: string): Location {
  return { file, line: 1, column: 1 };
}

/** `file:line:column`, the form editors and terminals turn into a link. */
export function formatLocation(at: Location): string {
  return `${at.file}:${at.line}:${at.column}`;
}
