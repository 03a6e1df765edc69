import { z } from 'zod';
import { Texts } from './broker-names.ts';

/** When a command of gccflow is run. */
export const ScheduleFile = z.strictObject({
  kind: z.literal('schedule'),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, 'a name like dbt_core is expected')
    .describe('Node name, unique among the schedules of the project.'),
  description: z.string().default(''),
  enabled: z.boolean().default(true),
  tags: Texts.default([]),
  meta: z.record(z.string(), z.unknown()).default({}),
  cron: z.string().min(1).describe('Five fields of cron, or six with seconds first, e.g. `*/15 * * * *`.'),
  timezone: z.string().min(1).default('UTC').describe('In which the cron is meant, by its IANA name, e.g. `Asia/Kolkata`.'),
  command: z
    .union([
      z
        .string()
        .min(1)
        .transform((text) => text.trim().split(/\s+/)),
      z.array(z.string()).min(1),
    ])
    .describe('What follows `gccflow`, e.g. `run --select tag:core`; a list where an argument has blanks.'),
});
export type ScheduleFile = z.infer<typeof ScheduleFile>;
