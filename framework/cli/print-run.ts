import type { Manifest, TestNode } from '../manifest/manifest.ts';
import { renderSql } from '../manifest/render-sql.ts';
import type { RunResult } from '../run/run-result.ts';
import type { CommandContext } from './command.ts';
import { formatError } from './format-error.ts';
import { formatSummary, formatTotals } from './format-run.ts';
import { nodeError } from './node-error.ts';
import type { Style } from './output.ts';

export interface PrintRunOptions {
  readonly context: Pick<CommandContext, 'output' | 'log' | 'cwd'>;
  readonly manifest: Manifest;
  readonly json: boolean;
  readonly logFormat: 'text' | 'json';
}

/** The outcome of a run: a line a node and the totals on stdout, what went wrong in full on stderr. */
export function printRun(result: RunResult, { context, manifest, json, logFormat }: PrintRunOptions): void {
  const { output, log, cwd } = context;
  if (json) output.print(JSON.stringify(result, withErrors, 2));
  if (logFormat === 'json') {
    log.info(
      { run: result.runId, status: result.status, duration_ms: Math.round(result.durationMs), nodes: result.nodes.length },
      'run finished',
    );
    return;
  }
  const onStderr = (style: Style, text: string): string => output.paint('stderr', style, text);
  const onStdout = (style: Style, text: string): string => output.paint('stdout', style, text);
  if (!json && !output.quiet && result.nodes.length > 0) output.print(formatSummary(result, onStdout, output.redact));
  for (const { error, status, node: id, message, showSql } of result.nodes) {
    const node = manifest.nodes.get(id);
    if (status === 'warn' && showSql !== null && node?.kind === 'test') {
      const query = isPublished(node, result, manifest) ? publishedQuery(node, showSql, manifest) : showSql;
      output.note(`\n${id}\n${onStderr(['yellow', 'bold'], 'warning')}: ${message}; this query shows them:\n${query}`);
    }
    if (error === null || status === 'cancelled' || !node) continue;
    const text = formatError(nodeError(error, node, manifest), { projectDir: manifest.projectDir, cwd, paint: onStderr });
    output.complain(`\n${id}\n${text}`);
  }
  if (json || output.quiet) return;
  output.print(`\n${formatTotals(result, onStdout)}`);
}

/** Whether what a test looked at is what readers see by now. */
function isPublished(test: TestNode, { nodes }: RunResult, manifest: Manifest): boolean {
  const parents = manifest.parents.get(test.id) ?? [];
  return nodes.every(({ node, status }) => !parents.includes(node) || status === 'success' || status === 'unchanged');
}

/** A test of a build ran on the stage, whose name has the previous rows after the publication. */
function publishedQuery(test: TestNode, showSql: string, manifest: Manifest): string {
  return test.config.store_failures ? showSql : renderSql(manifest, test, { incremental: false });
}

/** Errors have no enumerable fields of their own worth printing but these. */
function withErrors(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { code, hint, at } = value as Error & { code?: unknown; hint?: unknown; at?: unknown };
  return { code, message: value.message, hint, at };
}
