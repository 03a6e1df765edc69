import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import { firstInterval } from '../manifest/first-interval.ts';
import { instantSql } from '../manifest/interval.ts';
import type { Manifest, ModelNode } from '../manifest/manifest.ts';
import { renderSql } from '../manifest/render-sql.ts';

interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

/** EVENT_TIME_INVALID where a model that returns these columns cannot be built by intervals of its `event_time`, else null. `at`: where that is said. */
export function eventTimeFault(
  { name, config, at: own }: ModelNode,
  columns: readonly TypedColumn[],
  at: Location = own,
): GccflowError | null {
  const { event_time: column, batch_size: size } = config;
  const fault = (what: string, hint: string): GccflowError =>
    new GccflowError('EVENT_TIME_INVALID', `The model '${name}' ${what}.`, { at, hint });
  const type = columns.find((each) => each.name === column)?.type;
  if (type === undefined) return fault(`has no column '${column}', which its 'event_time' names`, 'Select it, or name another.');
  const [, family] = /^(?:Nullable\()?(Date|DateTime|DateTime64)\b/.exec(type) ?? [];
  if (family === undefined) {
    const hint = 'A Date, DateTime or DateTime64 is needed: cast it, e.g. with toDate or toDateTime.';
    return fault(`has '${column}' as its 'event_time', whose type is ${type}`, hint);
  }
  if (family !== 'Date' || size !== 'hour') return null;
  return fault(`has '${column}' as its 'event_time', a Date, which knows no hours`, 'Use a DateTime, or the batch_size day.');
}

/** CONFIG_CONFLICT where the SELECT takes no notice of its interval, and so would return every row for each of them; else null. */
export function boundsFault(node: ModelNode, manifest: Manifest): GccflowError | null {
  const interval = firstInterval(node);
  if (interval === null) return null;
  const sql = renderSql(manifest, node, { incremental: false, interval });
  const unused = (['start', 'end'] as const).filter((bound) => !sql.includes(instantSql(interval[bound])));
  if (unused.length === 0) return null;
  const { name, at, config } = node;
  const names = unused.map((bound) => `{{interval_${bound}}}`).join(' and ');
  return new GccflowError('CONFIG_CONFLICT', `The SELECT of '${name}' is run for one interval at a time, and does not say ${names}.`, {
    at,
    hint: `Read only the interval's rows: where ${config.event_time} >= {{interval_start}} and ${config.event_time} < {{interval_end}}.`,
  });
}
