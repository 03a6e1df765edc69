/**
 * `npm test [-- PATTERN …]`: the tests that the patterns name, all of them where none is given.
 *
 * Many of these tests kill servers and processes while others load the same machine. A file with a failure is therefore
 * run once more, with the machine to itself, and has failed for good where it fails again. What passed only then is
 * named at the end: it is a defect, of the test or of what it tests.
 */
import { relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** Runs the tests and reports them on stdout; the files with a failure, relative to the working directory, sorted. */
async function failingFiles(options: Parameters<typeof run>[0]): Promise<readonly string[]> {
  const files = new Set<string>();
  const events = run(options);
  events.on('test:fail', ({ file, todo }) => {
    if (file !== undefined && todo === undefined) files.add(relative(process.cwd(), file));
  });
  for await (const text of events.compose(new spec())) process.stdout.write(text);
  return [...files].sort();
}

/** Files at once. Most of them wait for servers more than they compute. */
const atOnce = 3;

const patterns = process.argv.slice(2);
const failed = await failingFiles({ globPatterns: patterns.length === 0 ? ['tests/**/*.test.ts'] : patterns, concurrency: atOnce });
if (failed.length > 0) {
  process.stdout.write(`\nonce more, one after another: ${failed.join(', ')}\n\n`);
  const again = await failingFiles({ files: [...failed], concurrency: 1 });
  const passed = failed.filter((file) => !again.includes(file));
  if (passed.length > 0) process.stdout.write(`\npassed only when run alone: ${passed.join(', ')}\n`);
  if (again.length > 0) {
    process.stdout.write(`\nfailed twice: ${again.join(', ')}\n`);
    process.exitCode = 1;
  }
}
