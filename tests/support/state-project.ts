/** Two targets on one embedded warehouse: what one built is the state of the other. */
export const stateProject: Readonly<Record<string, string>> = {
  'project.yaml': `name: shop
target: dev
targets:
  dev: { warehouse: { type: embedded, database: dev_ana } }
  prod: { warehouse: { type: embedded, database: analytics } }
models: { materialized: table }
`,
  'sources/seeds/rates.csv': 'code,rate\nEUR,1\nUSD,2\n',
  'models/stg_orders.sql': "select number as id, if(number % 2 = 0, 'EUR', 'USD') as code, 10 as price from numbers(6)",
  'models/eur.sql': `{{config materialized="ephemeral"}}\nselect * from {{ref "rates"}} where code = 'EUR'`,
  'models/orders.sql':
    'select o.id as id, o.price / r.rate as price from {{ref "stg_orders"}} as o join {{ref "rates"}} as r on r.code = o.code',
  'models/totals.sql': '{{config materialized="view"}}\nselect sum(price) as total from {{ref "orders"}}',
  'models/eur_totals.sql': 'select count() as orders from {{ref "stg_orders"}} as o join {{ref "eur"}} as e on e.code = o.code',
  'models/shop.yaml': `kind: models
models:
  - name: orders
    columns: [{ name: id, type: UInt64, tests: [unique, { relationships: { to: stg_orders, field: id } }] }, { name: price, type: Float64 }]
exposures: [{ name: board, depends_on: [totals] }]
`,
};
