/** The process of a check engine: `engine-child.ts FOLDER SECONDS`. One statement after another, each for SECONDS at most, until its parent goes. */
import { rmSync } from 'node:fs';
import { openEngine } from '../connections/embedded-engine.ts';
import type { WarehouseSettings } from '../connections/warehouse.ts';
import { messageOf } from '../foundation/error.ts';
import { quoteText } from '../foundation/quote.ts';
import type { EngineReply, EngineRequest } from './check-engine.ts';

const send = (reply: EngineReply): void => void process.send?.(reply);

const [folder = '', seconds = ''] = process.argv.slice(2);

process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.kill(process.pid, 'SIGKILL');
});

try {
  const session = (await openEngine(folder)).open();
  const always: WarehouseSettings = {
    max_execution_time: Number(seconds), // where the parent is gone, nobody else ends a statement
    print_pretty_type_names: 0, // DESCRIBE would break the lines of a named tuple, which system.columns does not
    // No statement has more than a few rows. These three take a quarter of the time of an EXPLAIN PLAN with a join, and change no answer.
    output_format_parallel_formatting: 0,
    query_plan_enable_optimizations: 0,
    join_algorithm: 'hash',
  };
  const set = (name: string, value: WarehouseSettings[string] | undefined): string =>
    session.runNow(`set ${name} = ${value === undefined ? 'default' : quoteText(String(value), 'clickhouse')}`);
  for (const [name, value] of Object.entries(always)) set(name, value);
  process.on('message', ({ sql, settings }: EngineRequest) => {
    const names = Object.keys(settings);
    try {
      for (const name of names) set(name, settings[name]);
      const text = session.runNow(sql, 'JSONCompact');
      const result = text === '' ? { data: [], meta: [] } : (JSON.parse(text) as { data: unknown[][]; meta: { name: string }[] });
      send({ rows: result.data, names: result.meta.map(({ name }) => name) });
    } catch (thrown) {
      quietly(() => session.runNow('select 1')); // what it wrote before it failed would stand before the next result
      send({ said: messageOf(thrown) });
    } finally {
      // A setting that could not be set cannot be reset either; the statement has told so.
      for (const name of names) quietly(() => set(name, always[name]));
    }
  });
  send({ ready: true });
} catch (thrown) {
  send({ unavailable: messageOf(thrown) });
  process.disconnect?.();
}

function quietly(run: () => void): void {
  try {
    run();
  } catch {}
}
