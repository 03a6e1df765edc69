import type { Finding } from '../check/finding.ts';
import type { CheckResult } from '../check/run-check.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { type ErrorFormat, formatMistake } from './format-error.ts';

/** What was found, in the form of any other mistake: what, where with the line of code, what to do. */
export function formatFindings(findings: readonly Finding[], format: ErrorFormat): string {
  return findings.map(({ error, severity, expanded }) => formatMistake(error, format, { severity, expanded })).join('\n\n');
}

/** One line: what was checked, how long it took, what was found. */
export function formatSummary({ graph, findings }: CheckResult, { nodes }: Manifest, durationMs: number): string {
  const models = [...nodes.values()].filter(({ kind }) => kind === 'model').length;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const found = [count(errors, 'error'), count(findings.length - errors, 'warning')].join(', ');
  const skipped = graph?.notChecked.size ?? 0;
  const left = graph === null ? '; left out: all that ClickHouse checks, such as columns, types and layouts' : '';
  const notChecked = skipped > 0 ? `; ${count(skipped, 'node')} not checked because of others` : '';
  return `checked ${count(models, 'model')} in ${(durationMs / 1000).toFixed(1)} s: ${found}${notChecked}${left}`;
}

/** A finding as `--json` prints it. */
export function findingJson({ severity, node, error, expanded }: Finding): Record<string, unknown> {
  const { code, message, at = null, hint = null } = error;
  return {
    severity,
    node,
    code,
    message,
    file: at?.file ?? null,
    line: at?.line ?? null,
    column: at?.column ?? null,
    hint,
    expanded: expanded ?? null,
  };
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}
