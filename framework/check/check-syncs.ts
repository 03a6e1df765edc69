import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import { formatLocation } from '../foundation/location.ts';
import type { Manifest, NodeId, SyncNode } from '../manifest/manifest.ts';
import { placesOf } from '../project/locate-value.ts';
import type { YamlPath } from '../project/parse-yaml.ts';
import type { SyncColumn } from '../project/sync-file.ts';
import { resolveColumns, type TableColumn } from '../sync/table-columns.ts';
import type { CheckedGraph, TypedColumn } from './checked-graph.ts';
import type { Finding } from './finding.ts';
import { postgresTakes } from './postgres-takes.ts';
import { layoutMistakes, type SyncMistake } from './sync-layout.ts';
import { typeMistake } from './sync-types.ts';

/**
 * Columns that a sync names and its relation or its table does not have, types that PostgreSQL has no counterpart for, does not have or does not
 * take the values into, keys and indexes that cannot be, and tables that two syncs publish.
 */
export function checkSyncs(manifest: Manifest, { relations }: CheckedGraph): readonly Finding[] {
  const syncs = [...manifest.nodes.values()].filter((node) => node.kind === 'sync');
  return syncs.flatMap((node) => {
    const columns = relations.get(node.from)?.columns;
    const mistakes = columns ? new SyncCheck(node, columns, manifest).mistakes() : [];
    const { at } = placesOf(manifest.projectDir, node.file);
    return [...mistakes, ...sharedTable(node, syncs)].map(
      ({ severity, code, said, hint, path }): Finding => ({
        severity,
        node: node.id,
        error: new GccflowError(code, `Sync '${node.name}' ${said}.`, { at: at(path), hint }),
      }),
    );
  });
}

class SyncCheck {
  readonly #node: SyncNode;
  readonly #columns: readonly TypedColumn[];
  readonly #manifest: Manifest;

  constructor(node: SyncNode, columns: readonly TypedColumn[], manifest: Manifest) {
    this.#node = node;
    this.#columns = columns;
    this.#manifest = manifest;
  }

  mistakes(): readonly SyncMistake[] {
    const { sync } = this.#node;
    const named = sync.columns.map((column, index) => this.#resolve(column, ['columns', index]));
    const resolved = sync.columns.length > 0 ? named : this.#columns.map((column) => this.#publish(column));
    const table = resolved.flatMap(({ column }) => column ?? []);
    const wrong = resolved.flatMap(({ mistakes }) => mistakes);
    const names = sync.columns.length > 0 ? sync.columns.map(({ name }) => name) : this.#columns.map(({ name }) => name);
    return [...wrong, ...this.#repeated(), ...this.#unpublished(names), ...this.#unread(), ...layoutMistakes(sync, table)];
  }

  /** A column of the relation, where all are published. */
  #publish({ name }: TypedColumn) {
    return this.#resolve({ name, from: null, type: null, fill: null, default: null, not_null: null, description: '' }, ['from']);
  }

  #resolve(column: SyncColumn, path: YamlPath): { readonly column: TableColumn | null; readonly mistakes: readonly SyncMistake[] } {
    try {
      const [made = null] = resolveColumns(
        { ...this.#node.sync, columns: [column] },
        relationOf(this.#manifest, this.#node.from),
        this.#columns,
      );
      return { column: made, mistakes: this.#ofType(column, made, path) };
    } catch (thrown) {
      if (!(thrown instanceof GccflowError)) throw thrown;
      const said = thrown.message.replace(/^Sync '[^']*' /, '').replace(/\.$/, '');
      const at = column.from !== null && thrown.code === 'SYNC_COLUMN_MISSING' ? [...path, 'from'] : path;
      return { column: null, mistakes: [{ severity: 'error', code: thrown.code, said, hint: thrown.hint, path: at }] };
    }
  }

  #ofType({ name, type, fill, from }: SyncColumn, made: TableColumn | null, path: YamlPath): readonly SyncMistake[] {
    const unread: readonly SyncMistake[] =
      fill !== null && from !== null
        ? [
            {
              severity: 'warn',
              code: 'CONFIG_CONFLICT',
              said: `fills '${name}' by 'fill', so that its 'from' is not read`,
              hint: 'Keep one.',
              path: [...path, 'from'],
            },
          ]
        : [];
    if (type === null) return unread;
    const about = { code: 'SYNC_TYPE_UNSUPPORTED', path: [...path, 'type'] } as const;
    const mistake = typeMistake(type);
    if (mistake)
      return [...unread, { ...about, severity: 'error', said: `gives '${name}' the type '${type}', ${mistake.said}`, hint: mistake.hint }];
    const exported = made?.source?.clickHouseType;
    const takes = exported === undefined ? 'all' : postgresTakes(exported, type);
    if (takes === 'all') return unread;
    const said = `publishes '${name}' as ${type}, and it is ${exported}`;
    const hint = 'Name another type, or cast the column in the model.';
    return [
      ...unread,
      takes === 'none'
        ? { ...about, severity: 'error', said, hint }
        : { ...about, severity: 'warn', said: `${said}: most such values do not fit`, hint },
    ];
  }

  /** Columns that the table would have twice. */
  #repeated(): readonly SyncMistake[] {
    const { columns } = this.#node.sync;
    return columns.flatMap(({ name }, index) => {
      if (columns.findIndex((column) => column.name === name) === index) return [];
      return [missing(`publishes two columns named '${name}'`, 'Leave one out.', ['columns', index])];
    });
  }

  /** Keys and indexes of columns that the table does not get; one that is there in the relation under its name, told already, aside. */
  #unpublished(published: readonly string[]): readonly SyncMistake[] {
    const { primary_key, key, indexes, columns } = this.#node.sync;
    const lost = columns.filter(({ name, from, fill }) => fill === null && !this.#columns.some((column) => column.name === (from ?? name)));
    const listed = (path: YamlPath, names: readonly string[]) => names.map((name, index) => ({ path: [...path, index], name }));
    const named = [
      ...listed(['primary_key'], primary_key),
      ...listed(['key'], key),
      ...indexes.flatMap((index, nth) => [
        ...listed(['indexes', nth, 'columns'], index.columns),
        ...listed(['indexes', nth, 'include'], index.include),
      ]),
    ];
    return named.flatMap(({ path, name }) => {
      if (published.includes(name) || lost.some((column) => didYouMean(name, [column.name]) !== undefined)) return [];
      const hint = didYouMean(name, published) ?? `The table has ${published.join(', ')}.`;
      return [missing(`names the column '${name}' under '${String(path[0])}', which its table does not have`, hint, path)];
    });
  }

  /** A look-back is a time, so that a watermark of another type has none. */
  #unused(): readonly SyncMistake[] {
    const { watermark, lookback } = this.#node.sync;
    const type = this.#columns.find(({ name }) => name === watermark)?.type ?? '';
    if (lookback === null || /\bDate/.test(type)) return [];
    const said = `says 'lookback', and its watermark '${watermark}' is ${type}, which is no time`;
    return [
      { severity: 'warn', code: 'CONFIG_CONFLICT', said, hint: 'Name a time as the watermark, or take it away.', path: ['lookback'] },
    ];
  }

  /** A watermark is a column of the relation, and of the table. */
  #unread(): readonly SyncMistake[] {
    const { watermark, columns, mode } = this.#node.sync;
    const names = this.#columns.map(({ name }) => name);
    if (watermark === null) return [];
    const isKept = columns.length === 0 || columns.some(({ name, from, fill }) => fill === null && (from ?? name) === watermark);
    if (names.includes(watermark) && (isKept || mode === 'replace')) return this.#unused();
    if (names.includes(watermark)) {
      const why = 'Add it to `columns`: what was published last is read from the table.';
      return [missing(`does not publish its watermark '${watermark}'`, why, ['watermark'])];
    }
    const hint = didYouMean(watermark, names) ?? `The relation has ${names.join(', ')}.`;
    return [missing(`reads by the watermark '${watermark}', which its relation does not have`, hint, ['watermark'])];
  }
}

function missing(said: string, hint: string, path: YamlPath): SyncMistake {
  return { severity: 'error', code: 'SYNC_COLUMN_MISSING', said, hint, path };
}

/** Each sync would undo what the other has published. */
function sharedTable(node: SyncNode, syncs: readonly SyncNode[]): readonly SyncMistake[] {
  const { schema, table } = node.sync.to;
  const other = syncs.find(({ sync }) => sync.to.schema === schema && sync.to.table === table);
  if (!other || other === node) return [];
  const said = `publishes ${schema}.${table}, as '${other.name}' of ${formatLocation(other.at)} does`;
  return [{ severity: 'error', code: 'NAME_DUPLICATE', said, hint: 'Give one another table.', path: ['to'] }];
}

function relationOf({ nodes }: Manifest, id: NodeId) {
  const node = nodes.get(id);
  if (!node || !('relation' in node)) throw new Error(`'${id}' is no relation.`);
  return node.relation;
}
