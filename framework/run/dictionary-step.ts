import { dictionarySql } from '../materializations/dictionary-sql.ts';
import type { WriteStep } from '../materializations/write-step.ts';
import type { TypedColumn } from './match-columns.ts';
import type { NodeStatements } from './node-statements.ts';

type Step = Extract<WriteStep, { kind: 'create_dictionary' }>;

/** Makes a dictionary with the columns that the step's SELECT returns now. */
export async function createDictionary(step: Step, { statements }: { readonly statements: NodeStatements }): Promise<void> {
  const columns = await statements.query<TypedColumn>(`describe table (\n${step.sql}\n)`, step.settings);
  await statements.execute(dictionarySql(step.dictionary, columns));
}
