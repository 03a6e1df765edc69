import type { Warehouse } from '../connections/warehouse.ts';
import { newId } from '../run/new-id.ts';
import { readFreshness } from '../run/read-freshness.ts';
import { datedSourcesOf, type StaleSources, staleSources } from '../run/stale-nodes.ts';
import type { CommandContext } from './command.ts';
import { formatError } from './format-error.ts';
import type { NodesRequest } from './open-planner.ts';
import type { OpenProject } from './open-project.ts';

/** Asks how fresh the sources are that nodes are made of, and gives back those that may not be built on; says why where their age is not known. */
export async function findStale(
  { manifest }: OpenProject,
  { nodes }: NodesRequest,
  { warehouse, threads, context }: { readonly warehouse: Warehouse; readonly threads: number; readonly context: CommandContext },
): Promise<StaleSources> {
  const { clock, signal, output, cwd } = context;
  const sources = datedSourcesOf(nodes, manifest);
  if (sources.length === 0) output.note('No source of these nodes declares freshness: none holds them back.');
  const checked = await readFreshness(sources, { warehouse, clock, signal, threads, runId: newId(clock) });
  for (const { error } of checked.sources) {
    if (error === null) continue;
    const paint = (style: Parameters<typeof output.paint>[1], text: string): string => output.paint('stderr', style, text);
    output.complain(`${formatError(error, { projectDir: manifest.projectDir, cwd, paint })}\n`);
  }
  return staleSources(checked.sources, manifest);
}
