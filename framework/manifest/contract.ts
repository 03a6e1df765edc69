import { GccflowError } from '../foundation/error.ts';
import { type Location, locate } from '../foundation/location.ts';
import type { Column } from '../project/models-file.ts';
import type { ModelNode } from './manifest.ts';

/** A column as ClickHouse describes it. */
export interface ReturnedColumn {
  readonly name: string;
  readonly type: string;
}

/** CONFIG_CONFLICT where an enforced contract leaves open what it is about: no columns, or one without a type. */
export function incompleteContract(node: ModelNode): GccflowError[] {
  if (!node.config.contract.enforced) return [];
  if (node.columns.length === 0) {
    const message = `The contract of '${node.name}' is enforced, and no column is declared.`;
    return [
      new GccflowError('CONFIG_CONFLICT', message, { at: node.at, hint: `Declare its columns with their types in a properties file.` }),
    ];
  }
  return node.columns.flatMap((column) => {
    if (column.type !== null) return [];
    const message = `The contract of '${node.name}' is enforced, and its column '${column.name}' has no type.`;
    return [
      new GccflowError('CONFIG_CONFLICT', message, { at: placeOf(column, node), hint: 'Give it a `type`, as ClickHouse writes it.' }),
    ];
  });
}

/**
 * CONTRACT_BROKEN for each column that differs between what an enforced contract declares and what ClickHouse says the model returns:
 * gone, of another type, or not declared. The order of columns does not count. Empty where no contract is enforced. `placeOfReturned`: where
 * the SELECT makes a column, as far as that is known.
 */
export function contractMistakes(
  node: ModelNode,
  returned: readonly ReturnedColumn[],
  placeOfReturned: (name: string) => Location | undefined = () => undefined,
): GccflowError[] {
  if (!node.config.contract.enforced) return [];
  const types = new Map(returned.map(({ name, type }) => [name, type]));
  const declared = new Set(node.columns.map(({ name }) => name));
  return [
    ...node.columns.flatMap((column) => mistakeOf(column, types.get(column.name), node)),
    ...returned.filter(({ name }) => !declared.has(name)).map((column) => undeclared(column, node, placeOfReturned(column.name))),
  ];
}

function mistakeOf(column: Column, type: string | undefined, node: ModelNode): GccflowError[] {
  const at = placeOf(column, node);
  if (type === undefined) {
    const message = `The contract of '${node.name}' promises the column '${column.name}', which the model does not return.`;
    return [new GccflowError('CONTRACT_BROKEN', message, { at, hint: 'Select it, or take it out of the contract.' })];
  }
  if (column.type === null || compact(column.type) === compact(type)) return [];
  const message = `The contract of '${node.name}' promises '${column.name}' as ${column.type}, and the model returns ${type}.`;
  return [new GccflowError('CONTRACT_BROKEN', message, { at, hint: `Cast the column to ${column.type}, or declare ${type}.` })];
}

function undeclared({ name, type }: ReturnedColumn, node: ModelNode, at: Location = node.at): GccflowError {
  const message = `The model '${node.name}' returns the column '${name}' (${type}), which its contract does not have.`;
  return new GccflowError('CONTRACT_BROKEN', message, { at, hint: 'Declare it, or leave it out of the SELECT.' });
}

/** ClickHouse writes `Decimal(18, 2)`; people leave the blank out. */
function compact(type: string): string {
  return type.replaceAll(/\s+(?=(?:[^']*'[^']*')*[^']*$)/g, '');
}

function placeOf(column: Column, node: ModelNode): Location {
  return node.propertiesFile === null ? node.at : locate(node.propertiesFile, column.at);
}
