import type { CommandEntry } from '../command.ts';

const entry = (name: string, summary: string, load: CommandEntry['load']): CommandEntry => ({ name, summary, load });

/** Every command, by the stage of work, in the order of help. Only the one that is used is loaded. */
export const commandGroups: ReadonlyMap<string, readonly CommandEntry[]> = new Map([
  [
    'Start',
    [
      entry('init', 'Make a small working project in an empty folder.', async () => (await import('./init.ts')).init),
      entry('debug', 'Say of every part of a target what it is and whether it answers.', async () => (await import('./debug.ts')).debug),
    ],
  ],
  [
    'Look',
    [
      entry('ls', 'List nodes of the graph, parents first.', async () => (await import('./ls.ts')).ls),
      entry('check', 'Find what would fail in the warehouse, without one.', async () => (await import('./check.ts')).check),
      entry('lineage', 'Say what columns come from and go into.', async () => (await import('./lineage.ts')).lineage),
      entry('compile', 'Render the SQL of models and tests.', async () => (await import('./compile.ts')).compile),
      entry('plan', 'Print the statements that a build would run, and why.', async () => (await import('./plan.ts')).plan),
      entry('diff', 'Say what a change does to nodes, columns and who reads them.', async () => (await import('./diff.ts')).diff),
      entry('show', 'Print the first rows of a published table, a model or a query.', async () => (await import('./show.ts')).show),
    ],
  ],
  [
    'Run',
    [
      entry('build', 'Load seeds, build and test models, run syncs.', async () => (await import('./build.ts')).build),
      entry('run', 'Build models, without tests.', async () => (await import('./run.ts')).run),
      entry('seed', 'Load CSV files as tables.', async () => (await import('./seed.ts')).seed),
      entry('test', 'Run unit tests, and the tests of what is published.', async () => (await import('./test.ts')).test),
      entry('sync', 'Publish relations to PostgreSQL.', async () => (await import('./sync.ts')).sync),
      entry('retry', 'Run again what failed or was skipped in the last run.', async () => (await import('./retry.ts')).retry),
      entry('freshness', 'Say how old the newest rows of sources are.', async () => (await import('./freshness.ts')).freshness),
      entry(
        'intervals',
        'Say which intervals of a model are published, missing or changed.',
        async () => (await import('./intervals.ts')).intervals,
      ),
      entry('rollback', 'Bring back the previous version of a node.', async () => (await import('./rollback.ts')).rollback),
    ],
  ],
  [
    'Stream',
    [
      entry('ingest', 'Take events by gRPC and HTTP, and publish them.', async () => (await import('./ingest.ts')).ingest),
      entry('sink', 'Drain queues into tables and APIs.', async () => (await import('./sink.ts')).sink),
      entry('queues ls', 'Say how full the queues are.', async () => (await import('./queues-ls.ts')).queuesLs),
      entry(
        'queues plan',
        'Compare exchanges, queues and bindings with the broker.',
        async () => (await import('./queues-plan.ts')).queuesPlan,
      ),
      entry('queues apply', 'Create what is missing of them.', async () => (await import('./queues-apply.ts')).queuesApply),
      entry('dead-letters ls', 'Count what failed for good, by reason.', async () => (await import('./dead-letters-ls.ts')).deadLettersLs),
      entry('dead-letters show', 'Print dead letters of a sink.', async () => (await import('./dead-letters-show.ts')).deadLettersShow),
      entry(
        'dead-letters replay',
        'Put dead letters back into their queue.',
        async () => (await import('./dead-letters-replay.ts')).deadLettersReplay,
      ),
      entry('dead-letters purge', 'Remove dead letters.', async () => (await import('./dead-letters-purge.ts')).deadLettersPurge),
    ],
  ],
  [
    'Scrape',
    [
      entry('worker', 'Run the tasks of flows.', async () => (await import('./worker.ts')).worker),
      entry('serve scrape', 'Answer HTTP requests by running tasks of flows.', async () => (await import('./serve-scrape.ts')).serveScrape),
      entry('enqueue', 'Queue tasks of a flow.', async () => (await import('./enqueue.ts')).enqueue),
      entry('tasks ls', 'List tasks, those queued last first.', async () => (await import('./tasks-ls.ts')).tasksLs),
      entry('tasks show', 'Print all that is known of tasks.', async () => (await import('./tasks-show.ts')).tasksShow),
      entry(
        'tasks retry',
        'Queue tasks again that failed, expired or were cancelled.',
        async () => (await import('./tasks-retry.ts')).tasksRetry,
      ),
      entry('tasks cancel', 'End tasks that wait or run.', async () => (await import('./tasks-cancel.ts')).tasksCancel),
      entry('tasks stats', 'Count the tasks of each flow.', async () => (await import('./tasks-stats.ts')).tasksStats),
      entry('flows ls', 'List the flows of the project.', async () => (await import('./flows-ls.ts')).flowsLs),
      entry('flows pause', 'Start no more tasks of flows.', async () => (await import('./flows-pause.ts')).flowsPause),
      entry('flows resume', 'Start tasks of paused flows again.', async () => (await import('./flows-resume.ts')).flowsResume),
      entry('limits', 'Say how full the rate limits are.', async () => (await import('./limits.ts')).limits),
      entry(
        'credentials add',
        'Store a credential of a source, encrypted.',
        async () => (await import('./credentials-add.ts')).credentialsAdd,
      ),
      entry(
        'credentials ls',
        'List credentials: which may be used, and why not.',
        async () => (await import('./credentials-ls.ts')).credentialsLs,
      ),
      entry(
        'credentials test',
        'Ask providers what they make of credentials.',
        async () => (await import('./credentials-test.ts')).credentialsTest,
      ),
      entry(
        'credentials disable',
        'Let credentials not be used until they are enabled.',
        async () => (await import('./credentials-disable.ts')).credentialsDisable,
      ),
      entry(
        'credentials enable',
        'Let credentials be used again.',
        async () => (await import('./credentials-enable.ts')).credentialsEnable,
      ),
      entry('credentials rm', 'Remove credentials.', async () => (await import('./credentials-rm.ts')).credentialsRm),
      entry(
        'credentials rotate',
        'Encrypt all credentials with the first key.',
        async () => (await import('./credentials-rotate.ts')).credentialsRotate,
      ),
    ],
  ],
  [
    'Tools',
    [
      entry(
        'unit-test create',
        'Write a unit test of a model from live rows.',
        async () => (await import('./unit-test-create.ts')).unitTestCreate,
      ),
      entry(
        'docs generate',
        'Write manifest.json and catalog.json for tools that read dbt.',
        async () => (await import('./docs-generate.ts')).docsGenerate,
      ),
      entry(
        'warehouse serve',
        'Share the embedded warehouse over HTTP with other processes.',
        async () => (await import('./warehouse-serve.ts')).warehouseServe,
      ),
      entry('clean', 'Remove what gccflow can make again.', async () => (await import('./clean.ts')).clean),
      entry('schema', 'Write the JSON Schemas of the project files.', async () => (await import('./schema.ts')).schema),
      entry('completion', 'Print the completion script of a shell.', async () => (await import('./completion.ts')).completion),
    ],
  ],
]);

/** Names of dbt that mean a command of ours, by that command's name. */
const aliases: Readonly<Record<string, string>> = { ls: 'list' };

export const commands: ReadonlyMap<string, CommandEntry> = new Map(
  [...commandGroups.values()].flat().flatMap((command) => {
    const alias = aliases[command.name];
    return [[command.name, command] as const, ...(alias === undefined ? [] : [[alias, command] as const])];
  }),
);
