import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { mock, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { openLiveProgress } from '../../framework/cli/live-progress.ts';
import { openOutput } from '../../framework/cli/output.ts';
import { Secrets } from '../../framework/cli/secrets.ts';
import { openTextLog } from '../../framework/cli/text-log.ts';
import type { NodeId } from '../../framework/manifest/manifest.ts';
import type { RunEvent } from '../../framework/run/run-deps.ts';
import type { NodeResult } from '../../framework/run/run-result.ts';

const begun = new Date('2026-03-01T04:00:00Z');

/** A terminal of 80 by 24 that keeps what is written to it, and a display on it with a clock of its own. */
function openDisplay(total: number) {
  mock.timers.enable({ apis: ['setInterval'] });
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  const output = openOutput({ stdout: new PassThrough(), stderr, quiet: false, color: false, secrets: new Secrets() });
  let now = begun.getTime();
  const clock = { now: () => new Date(now) };
  const progress = openLiveProgress({ total, output, clock, format: 'text', log: openTextLog(output, 'warn', clock) });
  return {
    output,
    onEvent: (event: RunEvent) => progress.onEvent(event),
    /** What was written since the last look, without control sequences. */
    written: () => stripVTControlCharacters(String(stderr.read() ?? '')),
    pass: (ms: number) => {
      now += ms;
      mock.timers.tick(100);
    },
    [Symbol.dispose]: () => {
      progress[Symbol.dispose]();
      mock.timers.reset();
    },
  };
}

function finished(node: NodeId, status: NodeResult['status'], message: string): RunEvent {
  const rest = {
    rowsWritten: null,
    failures: null,
    error: null,
    skippedBy: null,
    statements: [],
    compiledSql: null,
    publicationId: null,
    showSql: null,
  };
  return { kind: 'finished', result: { node, status, message, startedAt: begun, durationMs: 1, ...rest } };
}

test('the display shows how many intervals of a node are done', () => {
  using display = openDisplay(1);

  display.onEvent({ kind: 'started', node: 'model.a', at: begun });
  display.onEvent({ kind: 'intervals', node: 'model.a', done: 32, total: 365 });
  display.onEvent({ kind: 'progress', node: 'model.a', readRows: 7, totalRows: null });
  display.pass(2000);

  assert.match(display.written(), /model\.a {2}2\.0 s {2}32\/365 intervals {2}7 rows read/);
});

test('the display shows running nodes with time and rows, and how much is done', () => {
  using display = openDisplay(3);

  display.onEvent({ kind: 'started', node: 'model.a', at: begun });
  display.onEvent({ kind: 'started', node: 'model.b', at: begun });
  display.onEvent({ kind: 'progress', node: 'model.b', readRows: 1200, totalRows: 4800 });
  display.onEvent(finished('model.a', 'success', '1 row'));
  display.pass(3200);

  assert.match(display.written(), /model\.b {2}3\.2 s {2}1,200 rows read \(25 %\)\n1\/3 done {2}3\.2 s\n/);
});

test('a failure and notes stand above the display', () => {
  using display = openDisplay(2);
  display.onEvent({ kind: 'started', node: 'model.a', at: begun });
  display.pass(100);
  display.written();

  display.onEvent(finished('model.a', 'error', 'it broke\nin the middle'));
  display.output.note('stopping');
  display.pass(100);

  assert.match(display.written(), /error model\.a: it broke\n(.*\n)*stopping\n(.*\n)*1\/2 done, 1 failed {2}200 ms\n/);
});

test('the display adds no listener to the signals of the process', () => {
  const before = process.listenerCount('SIGINT');
  using display = openDisplay(1);

  display.pass(100);

  assert.equal(process.listenerCount('SIGINT'), before);
});
