/** The process of a check engine: `engine-child.ts FOLDER SECONDS`. One statement after another, each for SECONDS at most, until its parent goes. */
import { rmSync } from 'node:fs';
import { openEngine } from '../connections/embedded-engine.ts';
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
  session.runNow(`set max_execution_time = ${Number(seconds)}`); // where the parent is gone, nobody else ends a statement
  session.runNow('set print_pretty_type_names = 0'); // DESCRIBE would break the lines of a named tuple, which system.columns does not
  process.on('message', ({ sql, settings }: EngineRequest) => {
    const names = Object.keys(settings);
    try {
      for (const name of names) session.runNow(`set ${name} = ${quoteText(String(settings[name]), 'clickhouse')}`);
      const text = session.runNow(sql, 'JSONCompact');
      const result = text === '' ? { data: [], meta: [] } : (JSON.parse(text) as { data: unknown[][]; meta: { name: string }[] });
      send({ rows: result.data, names: result.meta.map(({ name }) => name) });
    } catch (thrown) {
      runQuietly(session, 'select 1'); // what it wrote before it failed would stand before the next result
      send({ said: messageOf(thrown) });
    } finally {
      // A setting that could not be set cannot be reset either; the statement has told so.
      for (const name of names) runQuietly(session, `set ${name} = default`);
    }
  });
  send({ ready: true });
} catch (thrown) {
  send({ unavailable: messageOf(thrown) });
  process.disconnect?.();
}

function runQuietly(session: { runNow(sql: string): string }, sql: string): void {
  try {
    session.runNow(sql);
  } catch {}
}
