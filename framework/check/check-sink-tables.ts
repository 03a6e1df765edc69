import { GccflowError } from '../foundation/error.ts';
import type { Manifest, NodeId, SinkNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import type { ClickHouseDestination } from '../project/sink-file.ts';
import { createSql } from '../sink/clickhouse-table.ts';
import type { CheckEngine, EngineAnswer } from './check-engine.ts';
import { columnsOfTable } from './declared-columns.ts';
import { explainFault } from './explain-fault.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { layoutDatabase } from './layout-probes.ts';
import { offlineEngine } from './offline-config.ts';
import { placesIn } from './yaml-places.ts';

/** Engines whose tables need other servers or other tables. */
const onOthers = /^\s*(?:Distributed|Buffer|Kafka|RabbitMQ|NATS|S3|URL)\b/i;

const table = { database: layoutDatabase, name: 'sink' };

/** Tables that sinks create and ClickHouse refuses, at the key of `to` at fault. `faulty`: sinks whose columns are none already. */
export async function checkSinkTables(
  manifest: Manifest,
  engine: CheckEngine,
  only: ReadonlySet<NodeId> | null,
  faulty: ReadonlySet<NodeId | null>,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const node of manifest.nodes.values()) {
    if (node.kind !== 'sink' || (only !== null && !only.has(node.id)) || faulty.has(node.id)) continue;
    const { to } = node.sink;
    if (!('clickhouse' in to) || !to.create || onOthers.test(to.engine)) continue;
    const answer = await tryTable(node, to, engine);
    if (answer?.kind !== 'fault') continue;
    const at = placesIn(node.file, manifest.projectDir, node.at)(['to', await guiltyKey(node, to, engine)]);
    const { sentence, hint } = explainFault(answer.fault, answer.said);
    const message = `The sink '${node.name}' creates a table that ClickHouse refuses: ${sentence}`;
    findings.push(errorFinding(node, new GccflowError('SINK_TABLE', message, { at, hint, cause: answer.fault })));
  }
  return findings;
}

/** The clause without which ClickHouse takes the table. */
async function guiltyKey(node: SinkNode, to: ClickHouseDestination, engine: CheckEngine): Promise<keyof ClickHouseDestination> {
  const without: readonly (readonly [keyof ClickHouseDestination, ClickHouseDestination])[] = [
    ['ttl', { ...to, ttl: null }],
    ['partition_by', { ...to, partition_by: null }],
    ['order_by', { ...to, order_by: ['tuple()'] }],
  ];
  for (const [key, left] of without) if ((await tryTable(node, left, engine))?.kind === 'rows') return key;
  return 'engine';
}

async function tryTable(node: SinkNode, to: ClickHouseDestination, engine: CheckEngine): Promise<EngineAnswer | undefined> {
  const { deduplicate_by: deduplicateBy } = node.sink;
  const create = createSql(table, columnsOfTable(node), { ...to, engine: offlineEngine(to.engine.trim()), deduplicateBy });
  const [, answer] = await engine.run([{ sql: `drop table if exists ${relationSql(table)}` }, { sql: create }]);
  return answer;
}
