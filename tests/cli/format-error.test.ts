import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodeOf } from '../../framework/cli/exit-code.ts';
import { formatError } from '../../framework/cli/format-error.ts';
import { InvalidProject } from '../../framework/foundation/diagnostics.ts';
import { GccflowError } from '../../framework/foundation/error.ts';

const plain = { projectDir: null, cwd: import.meta.dirname, paint: (_style: unknown, text: string) => text };

test('what is no GccflowError is a bug: it keeps its stack and exits 70', () => {
  const bug = new TypeError('x is not a function', { cause: new Error('deep') });

  const text = formatError(bug, plain);

  assert.match(text, /^this is a bug in gccflow\nTypeError: x is not a function\n {4}at .*\n(.*\n)*caused by Error: deep\n/);
  assert.equal(exitCodeOf(bug), 70);
});

test('an error tells the cause where it says more than the message', () => {
  const cause = new Error('connect ECONNREFUSED\nwith a stack');
  const error = new GccflowError('POSTGRES_UNREACHABLE', 'PostgreSQL at db does not answer.', { cause, hint: 'Start it.' });

  assert.equal(
    formatError(error, plain),
    'error[POSTGRES_UNREACHABLE]: PostgreSQL at db does not answer.\n  cause: connect ECONNREFUSED\n  hint: Start it.',
  );
});

test('a cause that the message quotes is not told twice', () => {
  const error = new GccflowError('POSTGRES_QUERY', 'The load failed: disk full.', { cause: new Error('disk full') });

  assert.equal(formatError(error, plain), 'error[POSTGRES_QUERY]: The load failed: disk full.');
});

test('a place in a file that is gone is told without its line', () => {
  const error = new GccflowError('CYCLE', 'A circle.', { at: { file: 'gone.sql', line: 3, column: 1 } });

  assert.equal(formatError(error, plain), 'error[CYCLE]: A circle.\n  --> gone.sql:3:1');
});

test('exit codes tell wrong usage, a held lock and failures apart', () => {
  const codes = (['USAGE', 'SELECTOR_NO_MATCH', 'RUN_LOCKED', 'WAREHOUSE_HELD', 'WAREHOUSE_QUERY'] as const).map((code) =>
    exitCodeOf(new GccflowError(code, '')),
  );

  assert.deepEqual([...codes, exitCodeOf(new InvalidProject([]))], [2, 2, 3, 3, 1, 1]);
});
