import type { Location } from '../foundation/location.ts';
import type { Manifest, ModelNode } from '../manifest/manifest.ts';
import { renderMapped } from '../manifest/render-sql.ts';
import type { TypedColumn } from './checked-graph.ts';
import { placesOfColumn } from './select-items.ts';

/** Where a model makes one of the columns it returns; undefined where that cannot be said, as behind a `*`. */
export function placeOfOutput(
  node: ModelNode,
  manifest: Manifest,
  columns: readonly TypedColumn[],
  name: string,
  incremental = false,
): Location | undefined {
  const index = columns.findIndex((column) => column.name === name);
  const mapped = renderMapped(manifest, node, { incremental });
  const [offset] = index < 0 ? [] : placesOfColumn(mapped.text, name, index);
  return offset === undefined ? undefined : mapped.sourceOf(offset).at;
}
