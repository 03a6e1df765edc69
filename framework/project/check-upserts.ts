import { didYouMean } from '../foundation/closest.ts';
import type { FlowFile, UpsertStep } from './flow-file.ts';
import type { FlowScope } from './flow-scope.ts';
import type { ReportAt } from './parse-yaml.ts';
import { type UpsertColumn, upsertColumns } from './upsert-columns.ts';

/** Reports keys that are none of an upsert's columns, and tables that cannot be created because the columns are known only at run time. */
export function checkUpserts({ process }: FlowFile, scope: FlowScope, report: ReportAt): void {
  for (const [index, step] of process.entries()) {
    if (!('upsert' in step)) continue;
    const columns = readColumns(step.upsert, scope);
    if (columns === null) {
      if (!step.upsert.create) continue;
      report(
        ['process', index, 'upsert', 'table'],
        'The columns of the table are not known, so that it cannot be created.',
        'Declare the output of the flow, or columns here.',
      );
    } else if (columns !== undefined)
      checkUpsert(step.upsert, columns, (path, ...said) => report(['process', index, 'upsert', ...path], ...said));
  }
}

/** Undefined where an expression does not parse, which is reported elsewhere. */
function readColumns(upsert: UpsertStep, scope: FlowScope): readonly UpsertColumn[] | null | undefined {
  try {
    return upsertColumns(upsert, scope);
  } catch {
    return undefined;
  }
}

function checkUpsert({ key, newer_by, create }: UpsertStep, columns: readonly UpsertColumn[], report: ReportAt): void {
  const names = columns.map(({ name }) => name);
  const check = (name: string, path: (string | number)[]): void => {
    if (!names.includes(name))
      report(path, `'${name}' is none of the columns.`, didYouMean(name, names) ?? `There are: ${names.join(', ')}.`);
  };
  for (const [index, name] of key.entries()) check(name, ['key', index]);
  if (newer_by !== null) check(newer_by, ['newer_by']);
  if (!create) return;
  for (const { name } of columns.filter(({ kind }) => kind === null)) {
    const hint = 'Write record.FIELD, or create the table yourself.';
    report(['columns', name], `The type of the column '${name}' is not known, so that the table cannot be created.`, hint);
  }
}
