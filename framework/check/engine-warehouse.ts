import type { Warehouse } from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import type { CheckEngine } from './check-engine.ts';

/** The engine as what reads the columns of seeds asks it. */
export function engineWarehouse(engine: CheckEngine): Pick<Warehouse, 'query'> {
  return {
    async query<Row>(
      sql: string,
      options: { readonly settings?: Readonly<Record<string, string | number | boolean>> } = {},
    ): Promise<Row[]> {
      const [answer] = await engine.run([{ sql, ...(options.settings && { settings: options.settings }) }]);
      if (answer?.kind === 'fault') throw new GccflowError('WAREHOUSE_QUERY', answer.fault.message, { cause: answer.fault });
      if (answer?.kind !== 'rows') throw new Error('The engine was lost.');
      return answer.rows.map((row) => Object.fromEntries(answer.names.map((name, index) => [name, row[index]])) as Row);
    },
  };
}
