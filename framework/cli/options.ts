/** Flags that several commands share, so that one name means one thing everywhere. */

/** Every command takes these, before or after its name. */
export const everywhereOptions = {
  'project-dir': {
    type: 'text',
    value: 'FOLDER',
    completes: 'folder',
    description: 'Folder with project.yaml. Default: this folder or the nearest one above.',
  },
  target: { type: 'text', short: 't', value: 'NAME', completes: 'target', description: 'Target of project.yaml to work on.' },
  vars: { type: 'text', value: 'YAML', description: "Values of vars over those of project.yaml, e.g. '{statistics_days: 7}'." },
  'log-format': { type: 'text', choices: ['text', 'json'], description: 'Progress as text, or as one JSON object a line.' },
  'log-level': {
    type: 'text',
    choices: ['debug', 'info', 'warn', 'error'],
    description: 'What is worth a line on stderr. Default: warn; info for JSON.',
  },
  quiet: { type: 'boolean', short: 'q', description: 'No progress and no summary: only data and errors.' },
  color: { type: 'boolean', negated: true, description: 'No colors; the variable NO_COLOR does the same.' },
  help: { type: 'boolean', short: 'h', description: 'Print help.' },
  version: { type: 'boolean', short: 'v', description: 'Print the version.' },
} as const;
export type EverywhereOptions = typeof everywhereOptions;

export const json = { type: 'boolean', description: 'Print the data itself as JSON on stdout.' } as const;

const resourceTypes = [
  'model',
  'seed',
  'source',
  'test',
  'unit_test',
  'sync',
  'sink',
  'ingest',
  'api',
  'flow',
  'schedule',
  'exposure',
] as const;

/** Where the artifacts of an earlier run are. */
export const state = {
  type: 'text',
  value: 'PATH',
  completes: 'folder',
  description: 'Artifacts of an earlier run, for state:, result: and --defer: a folder with manifest.json, or s3://bucket/prefix.',
} as const;

/** Which nodes: dbt's selection grammar. */
export const selectionOptions = {
  select: {
    type: 'list',
    short: 's',
    aliases: ['models', 'm'],
    value: 'SELECTOR',
    completes: 'node',
    description: 'Nodes to take, e.g. tag:core, stg_post+, staging/beat. Spaces are a union, commas an intersection.',
  },
  exclude: { type: 'list', value: 'SELECTOR', completes: 'node', description: 'Nodes to leave out of those.' },
  selector: { type: 'text', value: 'NAME', completes: 'selector', description: 'A selection by its name in selectors.yaml.' },
  'resource-type': { type: 'list', choices: resourceTypes, value: 'TYPE', description: 'Only nodes of these types.' },
  'indirect-selection': {
    type: 'text',
    choices: ['eager', 'cautious', 'buildable', 'empty'],
    description: 'Which tests the chosen nodes bring along. Default: eager.',
  },
  'allow-empty': { type: 'boolean', description: 'A selection that matches nothing is no mistake.' },
  state,
} as const;
export type SelectionOptions = typeof selectionOptions;

/** Where refs read what was not selected. */
export const deferOptions = {
  defer: {
    type: 'boolean',
    description: 'Refs of what is not selected and not in the target read the relation that --state has of it.',
  },
  'favor-state': { type: 'boolean', description: 'With --defer: they read that relation even where the target has one.' },
} as const;
export type DeferOptions = typeof deferOptions;

export const requireFresh = {
  'require-fresh': {
    type: 'boolean',
    description: 'Check the sources that the nodes are made of first; skip what is made of one that is too old.',
  },
} as const;

/** Which intervals of models that are built by intervals are written besides those that are due. */
export const intervalRange = {
  start: {
    type: 'text',
    value: 'TIME',
    description: 'Models built by intervals: also write those from this time on again, in UTC, e.g. 2024-01-01.',
  },
  end: { type: 'text', value: 'TIME', description: 'The end of what --start begins; not part of it.' },
} as const;

/** How nodes are run. */
export const runOptions = {
  threads: { type: 'number', value: 'N', description: "Nodes run at once. Default: the target's." },
  'fail-fast': { type: 'boolean', short: 'x', description: 'Stop at the first failure.' },
  'wait-lock': { type: 'text', value: 'DURATION', description: 'How long to wait for a run that holds the same nodes, e.g. 10m.' },
  ...deferOptions,
  json,
} as const;
export type RunOptions = typeof runOptions;

export const fullRefresh = {
  'full-refresh': { type: 'boolean', short: 'f', description: 'Build incremental models from nothing.' },
} as const;
