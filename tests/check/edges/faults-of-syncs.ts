import { edit, type Fault, faults } from '../mutations/fault.ts';

const customers = 'sinks/customers.yaml';
const days = 'sinks/days.yaml';
const stars = 'sinks/stars.yaml';

/** Mistakes in syncs. */
export const faultsOfSyncs: readonly Fault[] = [
  ...faults(
    'column of a sync',
    edit(customers, '  - name\n', '  - nme\n'),
    edit(customers, 'from: country', 'from: land'),
    edit(customers, '{ name: joined, type: date', '{ name: joinedd, type: date', { file: customers, text: 'joinedd' }),
    edit(customers, '  - labels\n', '  - labels\n  - labels\n', { file: customers, text: '- labels\n  - {' }),
    edit(days, '  - state\n', '  - State\n'),
  ),
  ...faults(
    'type of a sync',
    edit(customers, 'type: bigint', 'type: bigit'),
    edit(customers, 'type: timestamptz', 'type: timestmptz'),
    edit(customers, 'nation, from: country, type: varchar(8)', 'nation, from: country, type: integer'),
    edit(customers, 'joined, type: date', 'joined, type: integer'),
    edit(customers, 'joined, type: date', 'joined, type: boolean'),
  ),
  ...faults(
    'column whose type has no place in PostgreSQL',
    edit('models/orders_by_day.sql', 'sum(amount) as revenue', 'sumState(amount) as revenue', { file: days, text: '- { name: revenue' }),
    edit('models/review_stars.sql', 'author, author_age', 'uniqState(author) over () as author, author_age', {
      file: stars,
      text: 'from:',
    }),
  ),
  ...faults(
    'expression of a sync',
    edit(customers, 'fill: now()', 'fill: now('),
    edit(customers, 'fill: now()', 'fill: nw()'),
    edit(customers, 'fill: now()', 'fill: customer_id'),
    edit(customers, 'fill: now()', 'fill: "\'yesterdayy\'"'),
    edit(customers, 'fill: now()', 'fill: 5'),
    edit(customers, 'where: points > 0', 'where: point > 0'),
    edit(customers, 'lower(name)', 'lowr(name)'),
    edit(customers, 'check (points >= 0)', "check (points >= 'a')"),
    edit(customers, 'select name from {{table}}', 'select name frm {{table}}'),
  ),
  ...faults(
    'key of a sync that a type does not allow',
    edit(stars, 'primary_key: [review_id]', 'columns: [{ name: review_id, type: json }, stars]\nprimary_key: [review_id]', {
      file: stars,
      text: 'primary_key',
    }),
    edit(customers, 'primary_key: [customer_id]', 'primary_key: [points]'),
  ),
  ...faults(
    'option of a sync',
    edit(days, 'mode: upsert', 'mode: upser'),
    edit(days, 'key: [day, state]\n', '', { file: days, text: 'mode: upsert' }),
    edit(days, 'mode: upsert\n', '', { file: days, text: 'key: [day' }),
    edit(days, 'lookback: 1h', 'lookback: 1 our'),
    edit(days, 'watermark: last_at\n', '', { file: days, text: 'lookback' }),
  ),
];
