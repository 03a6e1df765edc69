import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { GccflowError } from '../foundation/error.ts';
import { quoteName, quoteText } from '../foundation/quote.ts';
import type { Manifest, NodeId, SeedNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import { openCsv } from '../run/csv-file.ts';
import { findUnfit } from '../run/find-unfit.ts';
import { csvSettings } from '../run/load-seed.ts';
import { findMalformed, unfitValues } from '../run/seed-faults.ts';
import { type CheckCache, keyOf } from './check-cache.ts';
import type { CheckEngine } from './check-engine.ts';
import type { CheckedGraph, TypedColumn } from './checked-graph.ts';
import { engineWarehouse } from './engine-warehouse.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { layoutDatabase } from './layout-probes.ts';
import { inCheck, inputKey } from './read-inputs.ts';
import { dropTable } from './relation-statements.ts';

/** Of a larger file as many bytes are looked at: a check takes seconds, and a load finds the rest. */
const mostBytes = 32 * 1024 * 1024;

const texts = { database: layoutDatabase, name: 'seed' };

export interface SeedCheck {
  readonly manifest: Manifest;
  readonly engine: CheckEngine;
  readonly graph: CheckedGraph;
  /** Remembers files without a mistake: one is read again when it has changed. */
  readonly cache: CheckCache;
  /** Nodes that are asked about; all where null. */
  readonly only: ReadonlySet<NodeId> | null;
}

/** Rows of seeds that loading would refuse: with other fields than the header says, or with values that their columns cannot hold. */
export async function checkSeeds({ manifest, engine, graph, cache, only }: SeedCheck): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const node of manifest.nodes.values()) {
    const { columns, from } = graph.relations.get(node.id) ?? {};
    if (node.kind !== 'seed' || !columns || from !== 'declared' || (only !== null && !only.has(node.id))) continue;
    const key = inputKey(node, manifest);
    const rowsKey = keyOf(['rows', key]);
    if (cache.keepTemplate(node.id, rowsKey)) continue;
    const fault = await findFault(node, columns, join(manifest.projectDir, node.file), engine);
    if (!fault) cache.keep(node.id, key, columns, rowsKey);
    else findings.push(errorFinding(node, fault));
  }
  return findings;
}

async function findFault(seed: SeedNode, columns: readonly TypedColumn[], path: string, engine: CheckEngine): Promise<GccflowError | null> {
  const folder = await mkdtemp(join(tmpdir(), 'gccflow-seed-'));
  try {
    const file = join(folder, 'rows.csv');
    await pipeline(openCsv(path), beginning, createWriteStream(file));
    const structure = columns.map(({ name }) => `${quoteName(name, 'clickhouse')} Nullable(String)`).join(', ');
    const read = `file(${quoteText(file, 'clickhouse')}, 'CSVWithNames', ${quoteText(structure, 'clickhouse')})`;
    const [, , loaded] = await engine.run([
      { sql: dropTable({ relation: texts }) },
      { sql: `create table ${relationSql(texts)} (${structure}) engine = MergeTree order by tuple()` },
      { sql: `insert into ${relationSql(texts)} select * from ${read}`, settings: csvSettings(seed.config.delimiter) },
    ]);
    if (loaded?.kind === 'lost') return null;
    if (loaded?.kind === 'fault') return inCheck(await findMalformed(seed, path, columns.length));
    const { query } = engineWarehouse(engine);
    const unfit = await findUnfit({ from: texts, columns }, { query: (sql, settings) => query(sql, { ...(settings && { settings }) }) });
    return unfit.total === 0 ? null : inCheck(await unfitValues(seed, path, unfit));
  } finally {
    await engine.run([{ sql: dropTable({ relation: texts }) }]);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whole lines, as long as there are few enough. */
async function* beginning(file: Readable): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of file as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes < mostBytes) yield chunk;
    else {
      yield chunk.subarray(0, chunk.lastIndexOf(10) + 1);
      return;
    }
  }
}
