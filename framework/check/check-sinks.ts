import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteText } from '../foundation/quote.ts';
import type { Manifest, NodeId, SinkNode } from '../manifest/manifest.ts';
import type { CheckEngine } from './check-engine.ts';
import type { CheckedGraph, TypedColumn } from './checked-graph.ts';
import { explainFault } from './explain-fault.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { placesIn } from './yaml-places.ts';

/** Columns of sinks whose types ClickHouse does not have, or that do not fit the table they fill as its source declares it. */
export async function checkSinks(
  manifest: Manifest,
  graph: CheckedGraph,
  engine: CheckEngine,
  only: ReadonlySet<NodeId> | null,
): Promise<readonly Finding[]> {
  const sinks = [...manifest.nodes.values()].filter((node) => node.kind === 'sink');
  const asked = sinks.filter(({ id, table }) => table !== null && (only === null || only.has(id)));
  const types = asked.flatMap(({ sink }) => Object.values(sink.columns).map(({ type }) => type));
  const distinct = [...new Set(types)];
  const sqls = distinct.map((type) => `select toTypeName(defaultValueOfTypeName(${quoteText(type, 'clickhouse')}))`);
  const answers = await engine.run(sqls.map((sql) => ({ sql })));
  const answerOf = new Map(distinct.map((type, index) => [type, answers[index]]));
  return asked.flatMap((node) => {
    const placeOf = placesOnce(node, manifest.projectDir);
    const table = tableOf(node, manifest, graph);
    return Object.entries(node.sink.columns).flatMap(([name, { type }]) => {
      const answer = answerOf.get(type);
      const refuse = (message: string, hint: string | undefined): Finding[] => {
        const about = `The sink '${node.name}' ${message}.`;
        return [errorFinding(node, new GccflowError('SINK_TABLE', about, { at: placeOf(name), hint }))];
      };
      if (answer?.kind === 'fault') {
        return refuse(
          `gives the column '${name}' the type '${type}', which ClickHouse does not have`,
          explainFault(answer.fault, answer.said).hint,
        );
      }
      const written = answer?.kind === 'rows' ? String(answer.rows[0]?.[0] ?? type) : type;
      const column = table?.find((candidate) => candidate.name === name);
      if (!table || column?.type === written) return [];
      if (column) return refuse(`fills '${name}' as ${written}, and the source declares it as ${column.type}`, 'Correct one of the two.');
      const names = table.map((candidate) => candidate.name);
      return refuse(`fills the column '${name}', which the source of its table does not declare`, didYouMean(name, names));
    });
  });
}

/** The columns of the table as a source declares them by itself. */
function tableOf({ table }: SinkNode, { nodes }: Manifest, { relations }: CheckedGraph): readonly TypedColumn[] | undefined {
  for (const node of nodes.values()) {
    if (node.kind !== 'source' || node.columns.length === 0) continue;
    if (node.relation.database === table?.database && node.relation.name === table.name) return relations.get(node.id)?.columns;
  }
  return undefined;
}

function placesOnce(node: SinkNode, projectDir: string): (column: string) => SinkNode['at'] {
  let places: ReturnType<typeof placesIn> | null = null;
  return (column) => {
    places ??= placesIn(node.file, projectDir, node.at);
    return places(['columns', column]);
  };
}
