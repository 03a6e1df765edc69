import type { IndirectSelection } from '../project/selectors-file.ts';

/** A selection as an expression over sets of nodes. */
export type Selector = SelectorTerm | SelectorUnion | SelectorIntersection | SelectorDifference;

/** One method with its value and graph operators: `2+tag:core+`. */
export interface SelectorTerm {
  readonly kind: 'term';
  /** As the user wrote it, for errors. */
  readonly text: string;
  readonly method: string;
  /** What follows the method's name: `['meta', 'owner']` of `config.meta.owner`. */
  readonly path: readonly string[];
  readonly value: string;
  /** How many steps up, Infinity for all, 0 for none. */
  readonly parents: number;
  readonly children: number;
  /** `@`: also the descendants and all their ancestors. */
  readonly childrensParents: boolean;
  /** Overrides the request's. */
  readonly indirect: IndirectSelection | null;
}

export interface SelectorUnion {
  readonly kind: 'union';
  readonly of: readonly Selector[];
}

export interface SelectorIntersection {
  readonly kind: 'intersection';
  readonly text: string;
  readonly of: readonly Selector[];
}

export interface SelectorDifference {
  readonly kind: 'difference';
  readonly from: Selector;
  readonly without: Selector;
}
