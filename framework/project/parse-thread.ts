import { parentPort, workerData } from 'node:worker_threads';
import { partsOf, type ThreadAnswer, type ThreadTask } from './parse-files.ts';
import { parseFoundFile } from './parse-found-file.ts';

/** A thread of `parseFiles`: parses its share, and answers bit by bit, so that it holds little. */
const { dir, files, env, taken } = workerData as ThreadTask;
for (const part of partsOf(files, taken)) {
  const answer: ThreadAnswer = part.map((file) => {
    const parsed = parseFoundFile(dir, file, env);
    return { ...parsed, errors: parsed.errors.map(({ code, message, hint, at }) => ({ code, message, hint, at })) };
  });
  parentPort?.postMessage(JSON.stringify(answer));
}
parentPort?.postMessage(null);
