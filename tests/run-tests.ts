/**
 * `npm test [-- PATTERN …]`: the tests that the patterns name, all of them where none is given.
 *
 * Many of these tests kill servers and processes while others load the same machine. A file with a failure is therefore
 * run once more, with the machine to itself, and has failed for good where it fails again. What passed only then is
 * named at the end: it is a defect, of the test or of what it tests.
 */
import { globSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
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

/** Files at once. Many of them wait for servers more than they compute. */
const atOnce = 4;

/** Those that take a minute or so, the longest first. */
const long: readonly string[] = [
  'tests/end-to-end/scrape-faults.test.ts',
  'tests/scrape/worker/kills.test.ts',
  'tests/run/crash-interval.test.ts',
  'tests/check/mutations/mutations.test.ts',
  'tests/ingest/blocked.test.ts',
  'tests/sink/kill.test.ts',
  'tests/run/crash-snapshot.test.ts',
  'tests/sink/broker-outage.test.ts',
  'tests/run/crash-materialized-view.test.ts',
  'tests/sink/destinations.test.ts',
  'tests/run/crash-incremental.test.ts',
  'tests/end-to-end/secrets.test.ts',
  'tests/connections/rabbitmq-restart.test.ts',
  'tests/run/crash-delete-insert.test.ts',
  'tests/end-to-end/dead-letters.test.ts',
  'tests/connections/broker-contract.test.ts',
];

/**
 * The long ones among the others, each with its share of them behind it: so many processes, servers and kills as they have do not meet,
 * and none of them is left for the end.
 */
function spread(files: readonly string[]): readonly string[] {
  const slow = long.filter((file) => files.includes(file));
  const others = files.filter((file) => !slow.includes(file));
  const share = Math.ceil(others.length / (slow.length + 1));
  return slow
    .flatMap((file, index) => [file, ...others.slice(index * share, (index + 1) * share)])
    .concat(others.slice(slow.length * share));
}

// The modules that every file loads are stripped of their types and compiled once: half a second of a core a file.
const { directory } = enableCompileCache();
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;

const patterns = process.argv.slice(2);
const files = globSync(patterns.length === 0 ? ['tests/**/*.test.ts'] : patterns).sort();
const failed = await failingFiles({ files: [...spread(files)], concurrency: atOnce });
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
