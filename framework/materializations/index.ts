import { dictionary } from './dictionary.ts';
import { ephemeral } from './ephemeral.ts';
import { incremental } from './incremental.ts';
import type { Materialization } from './materialization.ts';
import { materializedView } from './materialized-view.ts';
import { seed } from './seed.ts';
import { snapshot } from './snapshot.ts';
import { table } from './table.ts';
import { view } from './view.ts';

/** Every materialization by the name that configs use. */
export const materializations: ReadonlyMap<string, Materialization> = new Map(
  [view, table, incremental, snapshot, materializedView, dictionary, ephemeral, seed].map((materialization) => [
    materialization.name,
    materialization,
  ]),
);
