import { GccflowError } from '../../foundation/error.ts';
import { defineCommand, type Values } from '../command.ts';
import type { ParamSource } from '../enqueue-tasks.ts';
import { exitCode } from '../exit-code.ts';
import { flowPositional, isFlow } from '../is-flow.ts';
import { json } from '../options.ts';

const options = {
  params: { type: 'list', value: 'JSON|NAME=VALUE', description: 'Params of one task, as a JSON object or one by one.' },
  'from-file': {
    type: 'text',
    value: 'FILE',
    description: 'A task for each line of a .jsonl file, or for each row of a .csv file whose head names the params.',
  },
  'from-model': {
    type: 'text',
    value: 'SQL',
    description: 'A task for each row of a SELECT for ClickHouse, with {{ref}}, {{source}} and macros; its columns are the params.',
  },
  priority: { type: 'text', value: 'N', description: "Higher first, from -32768 to 32767. Default: the flow's." },
  'run-at': { type: 'text', value: 'TIME', description: 'Not before this time, in ISO 8601.' },
  delay: { type: 'text', value: 'DURATION', description: 'Not before this time has passed, e.g. 10m.' },
  'expires-in': { type: 'text', value: 'DURATION', description: "Not started within this time it ends EXPIRED. Default: the flow's." },
  'idempotency-key': {
    type: 'text',
    value: 'KEY',
    description: 'Not queued where a task of the flow had this key lately; may name params, e.g. {handle}:2025-06-01.',
  },
  account: { type: 'text', value: 'ID', description: "Whose tasks these are; may name params. Default: the flow's." },
  json,
} as const;

export const enqueue = defineCommand({
  name: 'enqueue',
  summary: 'Queue tasks of a flow.',
  description:
    'Puts tasks into the queue of the target, for `gccflow worker` to run. Their params are compared with what the flow declares before anything is written: where one does not fit, all mistakes are told with their places and nothing is queued. Tasks from a file or a query are queued all or none. A task whose idempotency key, or whose unique params, are known already is passed over.',
  examples: [
    { command: 'gccflow enqueue refresh_profile_by_handle --params platform=instagram handle=nike', description: 'One task.' },
    {
      command: `gccflow enqueue refresh_profile_by_handle --from-model 'select platform, handle from {{ref "mart_profile"}}'`,
      description: 'One for each row of a query.',
    },
    {
      command: 'gccflow enqueue asset_upload_flow --from-file assets.csv --priority -5 --delay 1h',
      description: 'Many, later, behind others.',
    },
  ],
  positionals: [flowPositional],
  options,
  async run(values, context) {
    const { parseTaskFlags } = await import('../parse-task-flags.ts');
    const { openProject } = await import('../open-project.ts');
    const { findNode } = await import('../find-node.ts');
    const { enqueueFrom } = await import('../enqueue-tasks.ts');
    const source = sourceOf(values);
    const flags = parseTaskFlags(values);
    const opened = await openProject(values, context);
    const { flow } = findNode(context.positionals[0] ?? '', opened.manifest, isFlow);
    const { id, queued, known } = await enqueueFrom(opened, flow, source, flags, context);
    if (values.json) context.output.printJson({ flow: flow.name, queued, known, ...(id !== undefined && { id }) });
    else context.output.print(`${countOf(queued)} of ${flow.name} queued${typeof id === 'string' ? `: ${id}` : ''}`);
    if (known > 0) context.output.note(`${countOf(known)} not queued: a key of it is known already`);
    return exitCode.ok;
  },
});

function sourceOf({ params, 'from-file': file, 'from-model': sql }: Values<typeof options>): ParamSource {
  if ([params.length > 0, file !== undefined, sql !== undefined].filter(Boolean).length > 1) {
    throw new GccflowError('USAGE', '--params, --from-file and --from-model are three ways to say the same.', {
      hint: 'Give one of them.',
    });
  }
  if (file !== undefined) return { kind: 'file', file };
  return sql === undefined ? { kind: 'arguments', texts: params } : { kind: 'query', sql };
}

function countOf(count: number): string {
  return count === 1 ? '1 task' : `${count.toLocaleString('en')} tasks`;
}
