import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import type { YamlDocument, YamlPath } from './parse-yaml.ts';
import type { SourceFile } from './source-file.ts';

type Table = SourceFile['tables'][number];

/** Reports freshness that cannot mean what it says: no age, ages in the wrong order, two ways to tell the time, a filter of nothing. */
export function checkFreshness(source: SourceFile, document: YamlDocument, diagnostics: Diagnostics): void {
  const report = (message: string, path: YamlPath, hint?: string): void =>
    diagnostics.report(new GccflowError('CONFIG_CONFLICT', message, { at: document.at(path), hint }));
  const places: readonly (readonly [SourceFile | Table, YamlPath])[] = [
    [source, []],
    ...source.tables.map((table, index): [Table, YamlPath] => [table, ['tables', index]]),
  ];
  for (const [{ freshness, loaded_at, loaded_at_query }, path] of places) {
    if (isSet(loaded_at) && isSet(loaded_at_query)) {
      report(
        "'loaded_at' and 'loaded_at_query' exclude each other.",
        [...path, 'loaded_at_query'],
        'Keep the one that tells when rows were loaded.',
      );
    }
    const { warn_after: warn = null, error_after: error = null } = freshness ?? {};
    if (freshness && warn === null && error === null) {
      report(
        "Freshness has neither 'warn_after' nor 'error_after'.",
        [...path, 'freshness'],
        'Say how old the newest row may be, for example warn_after: 12h.',
      );
    }
    if (warn !== null && error !== null && warn > error) {
      report("'warn_after' is longer than 'error_after', so that it would never warn.", [...path, 'freshness', 'warn_after']);
    }
  }
  for (const [index, table] of source.tables.entries()) {
    const own = table.freshness !== undefined;
    const { filter = null } = (own ? table.freshness : source.freshness) ?? {};
    const says = table.loaded_at === undefined && table.loaded_at_query === undefined ? source : table;
    if (filter === null || isSet(says.loaded_at)) continue;
    const message = `The table '${table.name}' has a freshness filter, and no 'loaded_at' whose rows it could filter.`;
    report(message, [...(own ? ['tables', index] : []), 'freshness', 'filter'], "Declare 'loaded_at', or remove the filter.");
  }
}

const isSet = (text: string | null | undefined): boolean => (text ?? null) !== null;
