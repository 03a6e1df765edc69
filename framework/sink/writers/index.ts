import type { Postgres } from '../../connections/postgres.ts';
import type { Warehouse } from '../../connections/warehouse.ts';
import type { Clock } from '../../foundation/clock.ts';
import type { Log } from '../../foundation/log.ts';
import type { SinkNode } from '../../manifest/manifest.ts';
import type { Writer } from '../writer.ts';

/** What writers write through; null where no sink at hand needs it. */
export interface WriterDeps {
  readonly warehouse: Warehouse | null;
  readonly postgres: Postgres | null;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Opens the writer of a sink's destination, whose table it creates or compares first. Only that writer's file is loaded.
 * Throws SINK_TABLE and VALUE_INVALID, and what the connections throw.
 */
export async function openWriter(node: SinkNode, { warehouse, postgres, clock, log }: WriterDeps): Promise<Writer> {
  const { to } = node.sink;
  if ('http' in to) {
    const { openHttpWriter } = await import('./http.ts');
    return openHttpWriter(node, { clock });
  }
  if ('postgres' in to) {
    const { openPostgresWriter } = await import('./postgres.ts');
    return openPostgresWriter(node, { postgres: opened(postgres, node) });
  }
  const { openClickHouseWriter } = await import('./clickhouse.ts');
  return openClickHouseWriter(node, to, { warehouse: opened(warehouse, node), log });
}

function opened<Connection>(connection: Connection | null, { name }: SinkNode): Connection {
  if (connection === null) throw new Error(`The connection of the sink ${name} is not open.`);
  return connection;
}
