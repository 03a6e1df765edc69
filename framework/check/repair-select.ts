import { closest } from '../foundation/closest.ts';
import { quoteName } from '../foundation/quote.ts';
import { type ScopeItem, type SelectScope, type SqlSpan, selectScopes } from './select-scopes.ts';

/** A SELECT without its faulty parts. */
export interface RepairedSelect {
  readonly sql: string;
  /** Names whose columns depend on what was taken out. */
  readonly lost: ReadonlySet<string>;
  /** Whether a column may have another name than it has now. */
  readonly isRenamed: boolean;
}

interface Cut extends SqlSpan {
  readonly put: string;
}

/**
 * A SELECT whose other columns keep their types: a faulty expression gives way to a NULL of its name, a faulty condition to `1`, a faulty
 * order to none. null where a fault stands in what no other column can do without, such as a table.
 * @param offsets where the faults stand
 */
export function repairSelect(sql: string, offsets: readonly number[]): RepairedSelect | null {
  const scopes = selectScopes(sql);
  const cuts: Cut[] = [];
  const faulty = new Set<ScopeItem>();
  for (const offset of offsets) {
    const scope = innermost(scopes, offset);
    const cut = scope && cutIn(scope, offset);
    if (!cut) return null;
    cuts.push(cut);
    for (const item of scopes.flatMap(namesIn)) if (isIn(item, offset)) faulty.add(item);
  }
  const lost = lostNames(scopes, faulty);
  return lost && { sql: withCuts(sql, cuts), lost, isRenamed: [...faulty].some(({ isBare }) => isBare) };
}

/** Names of columns that a SELECT makes of lost ones; null where it cannot be told. */
export function lostColumns(sql: string, lost: ReadonlySet<string>): ReadonlySet<string> | null {
  return lostNames(selectScopes(sql), new Set(), lost);
}

/** Whether the name at an offset is that of a column which another SELECT would give, were it not for the faults there. */
export function missesLost(sql: string, offset: number, faults: readonly number[]): boolean {
  const name = /^(?:[\w`"]+\s*\.\s*)*[`"]?([\w]+)/.exec(sql.slice(offset))?.[1];
  const scopes = selectScopes(sql);
  const own = innermost(scopes, offset);
  const others = faults.filter((fault) => innermost(scopes, fault) !== own);
  const faulty = scopes.flatMap(namesIn).filter((item) => others.some((fault) => isIn(item, fault)));
  if (name === undefined) return false;
  return lostNames(scopes, new Set(faulty))?.has(name) || faulty.some((item) => item.isBare && isSlip(item.name ?? '', name));
}

/** Whether one name may be the other with a slip. */
function isSlip(written: string, meant: string): boolean {
  return closest(written, [meant]) !== undefined && (written.length > 4 || written.charAt(0) === meant.charAt(0));
}

function innermost(scopes: readonly SelectScope[], offset: number): SelectScope | undefined {
  return scopes.filter((scope) => holds(scope, offset)).toSorted((a, b) => b.depth - a.depth)[0];
}

function holds({ items, withItems, clauses }: SelectScope, offset: number): boolean {
  return [...items, ...withItems, ...clauses.map(({ whole }) => whole)].some((span) => isIn(span, offset));
}

function isIn({ start, end }: SqlSpan, offset: number): boolean {
  return start <= offset && offset < end;
}

/** What gives names in a SELECT. */
function namesIn({ items, withItems, arrayItems }: SelectScope): readonly ScopeItem[] {
  return [...items, ...withItems, ...arrayItems];
}

function cutIn(scope: SelectScope, offset: number): Cut | null {
  const item = [...namesIn(scope), ...scope.keyItems].find((span) => isIn(span, offset));
  if (item) return item.isStar ? null : cutOf(item, scope);
  const clause = scope.clauses.find(({ whole }) => isIn(whole, offset));
  switch (clause?.keyword) {
    case 'prewhere':
    case 'where':
    case 'having':
    case 'qualify':
    case 'on':
      return { ...clause.body, put: '1' };
    case 'order':
    case 'limit':
    case 'offset':
    case 'settings':
      return { ...clause.whole, put: '' };
    default:
      return null;
  }
}

function cutOf(item: ScopeItem, { arrayItems, keyItems }: SelectScope): Cut {
  const value = arrayItems.includes(item) ? '[null]' : 'null';
  const name = item.name === null || keyItems.includes(item) ? '' : ` as ${quoteName(item.name, 'clickhouse')}`;
  return { start: item.start, end: item.end, put: value + name };
}

/** Adds what is made of what is lost: whatever mentions a name of it. Columns of a union go by the names of its first SELECT. */
function lostNames(
  scopes: readonly SelectScope[],
  faulty: ReadonlySet<ScopeItem>,
  before?: ReadonlySet<string>,
): ReadonlySet<string> | null {
  const lost = new Set(before);
  for (let size = -1; size !== lost.size; ) {
    size = lost.size;
    for (const scope of scopes) {
      const { items, first } = scope;
      for (const [index, item] of items.entries()) {
        if (!faulty.has(item) && !mentions(item, lost)) continue;
        const name = first ? nameAt(index, items, first.items) : item.name;
        if (name === undefined) return null;
        if (name !== null) lost.add(name);
      }
      for (const item of namesIn(scope)) if ((faulty.has(item) || mentions(item, lost)) && item.name !== null) lost.add(item.name);
    }
  }
  return lost;
}

/** undefined where a star makes positions uncertain. */
function nameAt(index: number, items: readonly ScopeItem[], firstItems: readonly ScopeItem[]): string | null | undefined {
  if ([...items.slice(0, index + 1), ...firstItems.slice(0, index + 1)].some(({ isStar }) => isStar)) return undefined;
  return firstItems[index]?.name;
}

function mentions({ words }: ScopeItem, names: ReadonlySet<string>): boolean {
  return [...names].some((name) => words.has(name));
}

function withCuts(sql: string, cuts: readonly Cut[]): string {
  const outer = cuts.filter(
    (cut) =>
      !cuts.some(
        (other) => other !== cut && other.start <= cut.start && cut.end <= other.end && (other.start < cut.start || cut.end < other.end),
      ),
  );
  const once = outer.filter((cut, index) => outer.findIndex(({ start }) => start === cut.start) === index);
  return once
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, { start, end, put }) => text.slice(0, start) + put + text.slice(end), sql);
}
