import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import type { Manifest, Node, NodeId, ScheduleNode } from '../manifest/manifest.ts';
import { selectNodes } from '../plan/select-nodes.ts';
import type { NamedSelector } from '../project/selectors-file.ts';
import type { Finding } from './finding.ts';
import type { CommandReader, ScheduledCommand } from './scheduled-command.ts';

export interface CheckedSchedules {
  readonly findings: readonly Finding[];
  /** All that some schedule runs, fills or serves. */
  readonly scheduled: ReadonlySet<NodeId>;
}

export interface ScheduleOptions {
  readonly selectors: readonly NamedSelector[];
  readonly readCommand: CommandReader;
}

/** Kinds of nodes that a command works on where nobody names one. Other commands may be scheduled too, and run nothing. */
const kindsOf: Readonly<Record<string, readonly Node['kind'][]>> = {
  build: ['seed', 'model', 'sync'],
  seed: ['seed'],
  run: ['model'],
  sync: ['sync'],
  test: ['test', 'unit_test'],
  freshness: ['source'],
  sink: ['sink'],
  ingest: ['ingest'],
  worker: ['flow'],
  enqueue: ['flow'],
};

/** Holds schedules against cron, time zones, the command line and the graph: VALUE_INVALID, USAGE and the errors of selections, each in its place. */
export async function checkSchedules(manifest: Manifest, options: ScheduleOptions): Promise<CheckedSchedules> {
  const schedules = [...manifest.nodes.values()].filter((node) => node.kind === 'schedule');
  const findings: Finding[] = [];
  const scheduled = new Set<NodeId>();
  for (const node of schedules) {
    const report = (error: GccflowError): unknown => findings.push({ severity: 'error', node: node.id, error });
    for (const error of await mistakenTimes(node)) report(error);
    try {
      for (const id of pick(await options.readCommand(node.schedule.command), manifest, options)) scheduled.add(id);
    } catch (thrown) {
      if (!(thrown instanceof GccflowError)) throw thrown;
      report(new GccflowError(thrown.code, thrown.message, { at: node.commandAt, hint: thrown.hint, cause: thrown }));
    }
  }
  return { findings, scheduled };
}

async function mistakenTimes({ schedule: { cron, timezone }, cronAt, timezoneAt }: ScheduleNode): Promise<GccflowError[]> {
  const { validateDetailed } = await import('node-cron'); // most projects have no schedules, and most commands do not ask
  const { valid, errors } = validateDetailed(cron);
  const found: GccflowError[] = [];
  if (!valid) {
    const why = errors
      .map(({ field, value, message }) => (field === 'expression' ? message : `${fieldWords(field)} '${value}'`))
      .join(', ');
    found.push(invalid(`'${cron}' is no cron expression: ${why}.`, cronAt, 'Write minute, hour, day of month, month and day of week.'));
  }
  if (!isTimeZone(timezone)) found.push(invalid(`'${timezone}' is no time zone.`, timezoneAt, 'Write its IANA name, e.g. Asia/Kolkata.'));
  return found;
}

/** `dayOfMonth` → `day of month`. */
function fieldWords(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function invalid(message: string, at: Location, hint: string): GccflowError {
  return new GccflowError('VALUE_INVALID', message, { at, hint });
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** Nothing, where the selection depends on what an earlier run left behind. */
function pick(command: ScheduledCommand, manifest: Manifest, { selectors }: ScheduleOptions): Iterable<NodeId> {
  const kinds = kindsOf[command.name];
  const select = [...command.select, ...command.names];
  if (kinds === undefined || [...select, ...command.exclude].some((term) => /\b(state|result|source_status)[.:]/.test(term))) return [];
  return selectNodes(manifest, {
    select,
    exclude: command.exclude,
    selector: command.selector,
    selectors,
    resourceTypes: command.kinds.length > 0 ? command.kinds : kinds,
  }).nodes;
}
