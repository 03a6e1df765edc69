import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSchedules } from '../../framework/check/check-schedules.ts';
import { projectRuleFindings } from '../../framework/check/project-rules.ts';
import { formatLocation } from '../../framework/foundation/location.ts';
import { projectDir } from '../support/project-dir.ts';
import { readCommand } from '../support/read-command.ts';

const models = {
  'models/a.sql': '{{config tags="core"}}\nselect 1 as x',
  'models/b.sql': '{{config tags=(list "hourly" "mart")}}\nselect 2 as x',
  'sinks/board.yaml': 'kind: sync\nname: board\nfrom: b\nto: board\ncolumns:\n  - { name: x, type: int }\n',
};

/** What is found with one schedule of these lines and these rules, and what the schedule runs. */
async function found({ schedule, rules = '' }: { readonly schedule: string; readonly rules?: string }) {
  using dir = projectDir({
    ...models,
    'project.yaml': `name: shop\ntargets: { dev: {} }\n${rules}`,
    'flows/night.yaml': `kind: schedule\nname: night\n${schedule}\n`,
  });
  const { project, manifest } = await dir.load();
  const { findings, scheduled } = await checkSchedules(manifest, { selectors: [], readCommand });
  const told = [...findings, ...projectRuleFindings(project, manifest, scheduled)].map(({ error }) => {
    assert.ok(error.at);
    return `${formatLocation(error.at)} ${error.code} ${error.message}`;
  });
  return { told, scheduled: [...scheduled] };
}

const commands: readonly { readonly command: string; readonly runs: readonly string[] }[] = [
  { command: 'run', runs: ['model.a', 'model.b'] },
  { command: 'run --select tag:core', runs: ['model.a'] },
  { command: 'build --exclude a', runs: ['model.b', 'sync.board'] },
  { command: 'sync board -t prod', runs: ['sync.board'] },
  { command: '[run, --select, "tag:hourly tag:core"]', runs: ['model.a', 'model.b'] },
  { command: 'run --select state:modified --state artifacts', runs: [] },
  { command: 'clean', runs: [] },
];

for (const { command, runs } of commands) {
  test(`a schedule of '${command}' runs what the command picks`, async () => {
    assert.deepEqual(await found({ schedule: `cron: '5 * * * *'\ncommand: ${command}` }), { told: [], scheduled: runs });
  });
}

const mistakes: readonly { readonly schedule: string; readonly told: string }[] = [
  {
    schedule: "cron: '0 25 * * *'\ncommand: run",
    told: "flows/night.yaml:3:7 VALUE_INVALID '0 25 * * *' is no cron expression: hour '25'.",
  },
  {
    schedule: "cron: 'hourly'\ncommand: run",
    told: "flows/night.yaml:3:7 VALUE_INVALID 'hourly' is no cron expression: expected 5 or 6 fields but got 1.",
  },
  {
    schedule: "cron: '0 1 * * *'\ntimezone: Asia/Kalkutta\ncommand: run",
    told: "flows/night.yaml:4:11 VALUE_INVALID 'Asia/Kalkutta' is no time zone.",
  },
  { schedule: "cron: '0 1 * * *'\ncommand: rnu", told: "flows/night.yaml:4:10 USAGE There is no command 'rnu'." },
  { schedule: "cron: '0 1 * * *'\ncommand: run --selekt a", told: "flows/night.yaml:4:10 USAGE There is no flag '--selekt' here." },
  {
    schedule: "cron: '0 1 * * *'\ncommand: run --select tag:cor",
    told: "flows/night.yaml:4:10 SELECTOR_NO_MATCH The selector 'tag:cor' matches nothing.",
  },
  {
    schedule: "cron: '0 1 * * *'\ncommand: enqueue nobody",
    told: "flows/night.yaml:4:10 SELECTOR_NO_MATCH The selector 'nobody' matches nothing.",
  },
];

for (const { schedule, told } of mistakes) {
  test(`a schedule is told: ${told}`, async () => {
    assert.deepEqual((await found({ schedule })).told, [told]);
  });
}

test('nodes that no schedule runs are told by the rule, with their tags', async () => {
  const { told } = await found({
    schedule: "cron: '*/15 * * * *'\ncommand: run --select tag:core",
    rules: "rules:\n  - { rule: scheduled, select: 'resource_type:model', because: What nobody runs gets old. }\n",
  });

  assert.deepEqual(told, ["models/b.sql:1:1 RULE_BROKEN No schedule runs the model 'b'. Its tags are 'hourly', 'mart'."]);
});
