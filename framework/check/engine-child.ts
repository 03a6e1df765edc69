/** The process of a check engine: one session of ClickHouse in memory, one statement after another, until its parent goes. */
import { openEngine } from '../connections/embedded-engine.ts';
import { messageOf } from '../foundation/error.ts';
import { quoteText } from '../foundation/quote.ts';
import type { EngineReply, EngineRequest } from './check-engine.ts';

const send = (reply: EngineReply): void => void process.send?.(reply);

process.on('disconnect', () => process.kill(process.pid, 'SIGKILL')); // a statement that hangs would keep it alive

try {
  const session = (await openEngine(':memory:')).open();
  process.on('message', ({ sql, settings }: EngineRequest) => {
    const names = Object.keys(settings);
    try {
      for (const name of names) session.runNow(`set ${name} = ${quoteText(String(settings[name]), 'clickhouse')}`);
      const text = session.runNow(sql, 'JSONCompact');
      send({ rows: text === '' ? [] : (JSON.parse(text) as { data: unknown[][] }).data });
    } catch (thrown) {
      send({ said: messageOf(thrown) });
    } finally {
      for (const name of names) resetQuietly(session, name);
    }
  });
  send({ ready: true });
} catch (thrown) {
  send({ unavailable: messageOf(thrown) });
  process.disconnect?.();
}

/** A setting that could not be set cannot be reset either; the statement has told so. */
function resetQuietly(session: { runNow(sql: string): string }, name: string): void {
  try {
    session.runNow(`set ${name} = default`);
  } catch {}
}
