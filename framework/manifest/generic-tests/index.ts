import type { GenericTest } from '../../project/builtins.ts';
import { acceptedValues } from './accepted-values.ts';
import { expression } from './expression.ts';
import { freshnessOf } from './freshness-of.ts';
import { notNull } from './not-null.ts';
import { relationships } from './relationships.ts';
import { rowCount } from './row-count.ts';
import { unique } from './unique.ts';

/** The generic tests that gccflow brings, by name. A project adds its own in tests/generic/. */
export const genericTests: ReadonlyMap<string, GenericTest> = new Map(
  [acceptedValues, expression, freshnessOf, notNull, relationships, rowCount, unique].map((test) => [test.name, test]),
);
