import { parseInstant } from '../../manifest/interval.ts';
import type { ConfigMistake } from '../../project/builtins.ts';
import type { ModelConfig } from '../../project/model-config.ts';
import type { IncrementalStrategy } from '../incremental-strategy.ts';
import type { BuildInput } from '../materialization.ts';
import { fillSettings } from '../table-clauses.ts';
import type { IntervalWrite, WriteStep } from '../write-step.ts';

/** At most so many intervals are written side by side, each into a table of its own, and one publication holds no more. */
export const intervalsAtOnce = 32;

/**
 * Whole intervals of `event_time` are replaced, by rewriting the partitions of the clone that hold rows of them before or after: rows that are
 * gone at the source are gone here too, also where no new row falls into the interval. No row is deleted by a mutation.
 */
export const interval: IncrementalStrategy = {
  name: 'interval',
  check: (config) => [...missingKeys(config), ...beginMistakes(config), ...partitionMistakes(config)],
  write: (input) => {
    const { intervals, config, scratch } = input;
    const { event_time: eventTime } = config;
    if (eventTime === null) throw new Error(`'${input.name}' passed the checks without event_time`);
    const kept = scratch('kept');
    const writes = intervals.map((each, index): IntervalWrite => {
      return { interval: each, into: scratch(`interval_${index % intervalsAtOnce}`), sql: input.sql(false, each) };
    });
    const steps = chunksOf(writes).map((chunk): WriteStep => ({ ...commonOf(input), eventTime, kept, intervals: chunk }));
    return { steps, scratch: [...writes.slice(0, intervalsAtOnce).map(({ into }) => into), kept] };
  },
};

function commonOf({ stage, comment, config }: BuildInput) {
  return {
    kind: 'intervals',
    purpose: 'replace the intervals',
    table: stage,
    comment,
    settings: fillSettings(config),
  } as const;
}

function chunksOf(writes: readonly IntervalWrite[]): IntervalWrite[][] {
  const count = Math.ceil(writes.length / intervalsAtOnce);
  return Array.from({ length: count }, (_, index) => writes.slice(index * intervalsAtOnce, (index + 1) * intervalsAtOnce));
}

const needed = {
  event_time: 'Name the column that says when a row happened.',
  begin: `Say when the first interval begins, e.g. begin: '2024-01-01'.`,
  batch_size: 'Say how long an interval is: hour, day, month or year.',
} as const;

function missingKeys(config: ModelConfig): ConfigMistake[] {
  return (['event_time', 'begin', 'batch_size'] as const)
    .filter((key) => config[key] === null)
    .map((key) => ({
      code: 'CONFIG_CONFLICT',
      key,
      message: `'interval' replaces the rows of intervals of time, and '${key}' is not given.`,
      hint: needed[key],
    }));
}

function beginMistakes({ begin }: ModelConfig): ConfigMistake[] {
  if (begin === null || parseInstant(begin) !== null) return [];
  return [
    {
      code: 'CONFIG_CONFLICT',
      key: 'begin',
      message: `'begin' is a time in UTC from 1970 to 2105, not '${begin}'.`,
      hint: 'Write for example 2024-01-01 or 2024-01-01T06:00.',
    },
  ];
}

/** An interval is replaced by rewriting partitions; where they do not follow the time, that would be every one. */
function partitionMistakes({ partition_by: key, event_time: column }: ModelConfig): ConfigMistake[] {
  if (column === null || key?.split(/[^\p{L}\p{N}_$]+/u).includes(column)) return [];
  const why =
    key === null ? `without 'partition_by' the whole table is one` : `those of '${key}' do not follow '${column}', the 'event_time'`;
  return [
    {
      code: 'CONFIG_CONFLICT',
      key: 'partition_by',
      message: `'interval' replaces rows by rewriting partitions, and ${why}.`,
      hint: `Partition by the event time, e.g. partition_by: toYYYYMM(${column}).`,
    },
  ];
}
