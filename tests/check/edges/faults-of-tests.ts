import { edit, type Fault, faults } from '../mutations/fault.ts';

const yaml = 'models/models.yaml';
const stream = 'sources/stream.yaml';
const seeds = 'sources/seeds/countries.yaml';
const singular = 'tests/data/no_refunds.sql';
const between = 'tests/generic/between.sql';

/** Mistakes in tests, properties, freshness, exposures and hooks. */
export const faultsOfTests: readonly Fault[] = [
  ...faults(
    'column of a test',
    edit(yaml, '- name: state\n', '- name: stat\n'),
    edit(yaml, '{ columns: [day, state] }', '{ columns: [day, stat] }'),
    edit(yaml, 'field: code }', 'field: cod }'),
    edit(seeds, '- name: code\n', '- name: cod\n'),
  ),
  ...faults(
    'arguments of a test',
    edit(yaml, 'relationships: { to: countries, field: code }', 'relationships: { to: country, field: code }'),
    edit(yaml, 'relationships: { to: countries, field: code }', 'relationships: { to: countries }'),
    edit(yaml, 'relationships: { to: countries, field: code }', 'relationships: { to: countries, field: code, on: x }'),
    edit(yaml, '              low: 0\n', '              lo: 0\n'),
  ),
  ...faults(
    'test of the wrong type',
    edit(yaml, 'accepted_values: { values: [1, 2, 3]', 'accepted_values: { values: [one, two]'),
    edit(yaml, '      - name: day\n', '      - name: day\n        tests: [{ accepted_values: { values: [monday] } }]\n', {
      file: yaml,
      text: 'tests: [{ accepted_values',
    }),
    edit(yaml, 'relationships: { to: countries, field: code }', 'relationships: { to: orders_by_day, field: orders }'),
    edit(
      yaml,
      '- name: country\n        type: LowCardinality(String)\n        tests:\n',
      '- name: country\n        type: LowCardinality(String)\n        tests:\n          - freshness_of: { max_age: 1d }\n',
      { file: yaml, text: '- freshness_of: { max_age: 1d }' },
    ),
  ),
  ...faults(
    'user test',
    edit(between, '{{identifier column_name}} from', '{{identifer column_name}} from'),
    edit(between, ' or {{identifier column_name}} >', ' orr {{identifier column_name}} >'),
    edit(between, 'from {{model}}', 'form {{model}}'),
  ),
  ...faults(
    'singular test',
    edit(singular, '{{ref "orders_by_day"}}', '{{ref "orders_by_days"}}'),
    edit(singular, 'select day, revenue', 'select day, revenu'),
    edit(singular, 'where revenue < 0', "where revenue < 'a'"),
    edit(singular, 'severity="warn"', 'severty="warn"'),
  ),
  ...faults(
    'freshness',
    edit(stream, 'loaded_at: received_at', 'loaded_at: recieved_at'),
    edit(stream, 'loaded_at: received_at', 'loaded_at: state'),
    edit(stream, 'loaded_at_query: select max(at) from @e.clicks', 'loaded_at_query: select max(att) from @e.clicks'),
    edit(stream, 'loaded_at_query: select max(at) from @e.clicks', 'loaded_at_query: select count() from @e.clicks'),
  ),
  ...faults(
    'exposure',
    edit(yaml, '{{ref "customers"}}', '{{ref "customer"}}'),
    edit(yaml, ', orders_by_day]', ', orders_by_dy]'),
    edit(yaml, 'type: dashboard', 'type: dashbord'),
    edit(yaml, 'email: ann@example.com', 'mail: ann@example.com'),
  ),
  ...faults(
    'hook',
    edit('models/orders_by_day.sql', 'optimize table', 'optimise table'),
    edit('models/orders_by_day.sql', '{{this}} final', '{{this}} finall'),
    edit('models/orders_by_day.sql', 'optimize table {{this}} final', 'alter table {{this}} drop column revenu'),
    edit('models/orders_by_day.sql', 'optimize table {{this}} final', 'alter table {{this}} modify column revenu String'),
    edit('models/orders_by_day.sql', 'optimize table {{this}} final', 'alter table {{this}} delete where dya < today()'),
  ),
  ...faults(
    'properties',
    edit(yaml, 'description: Those who buy.', 'descripton: Those who buy.'),
    edit(yaml, 'description: Those who buy.', 'description: [Those who buy]'),
    edit(
      yaml,
      '      - { name: labels, type: Array(String) }\n',
      '      - { name: labels, type: Array(String) }\n      - { name: labels, type: Array(String) }\n',
      { file: yaml, text: 'labels, type: Array(String) }\n      - name: updated_at' },
    ),
    edit(yaml, '      - { name: stars }\n', '      - { name: stars }\n      - { name: stars, description: Twice. }\n', {
      file: yaml,
      text: '- { name: stars, desc',
    }),
  ),
  ...faults(
    'layout of a dictionary',
    edit('models/country_names.sql', 'layout="complex_key_hashed()"', 'layout="flat()"'),
    edit('models/country_names.sql', 'layout="complex_key_hashed()"', 'layout="complex_key_hash()"'),
  ),
];
