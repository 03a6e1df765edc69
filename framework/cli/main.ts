#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

enableCompileCache(); // before the first import, so that a start compiles nothing
const { runCli } = await import('./run-cli.ts');
const { endAtOnce } = await import('./end-at-once.ts');

const { stdout, stderr } = process;
stdout.on('error', endQuietly); // `gccflow ls | head` closes the pipe
stderr.on('error', () => {}); // what cannot be said there cannot be said anywhere; the work goes on
const end = await runCli({ argv: process.argv.slice(2), cwd: process.cwd(), env: process.env, stdout, stderr });
const flushed = Promise.all([stdout, stderr].map((stream) => new Promise((done) => stream.write('', done))));
await (end.atOnce ? Promise.race([flushed, sleep(1000)]) : flushed);
if (end.signal !== null)
  process.kill(process.pid, end.signal); // nothing listens any more, so that the exit status tells of the signal
else if (end.atOnce) endAtOnce(end.exitCode);
else process.exit(end.exitCode);

function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}
