import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadAnswer, ThreadTask } from './parse-files.ts';
import { parseFoundFile } from './parse-found-file.ts';

/** A thread of `parseFiles`: parses its share, and answers bit by bit, so that it holds little. It knows no environment; files that read it are parsed again outside. */
const { dir, files } = workerData as ThreadTask;
const filesPerAnswer = 500;
for (let first = 0; first < files.length; first += filesPerAnswer) {
  const answer: ThreadAnswer = files.slice(first, first + filesPerAnswer).map((file) => {
    const parsed = parseFoundFile(dir, file, {});
    return { ...parsed, errors: parsed.errors.map(({ code, message, hint, at }) => ({ code, message, hint, at })) };
  });
  parentPort?.postMessage(JSON.stringify(answer));
}
