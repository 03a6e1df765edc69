import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { locate } from '../foundation/location.ts';
import type { Project } from '../project/project.ts';
import type { UnitTest } from '../project/unit-test.ts';

/** Reports VAR_NOT_FOUND and MACRO_NOT_FOUND for what a unit test overrides and nothing reads: most likely a name that is mistyped. */
export function checkOverrides(
  { name: test, file, overrides }: UnitTest,
  { vars, helpers, macros, models }: Pick<Project, 'vars' | 'helpers' | 'macros' | 'models'>,
  diagnostics: Diagnostics,
): void {
  const known = new Set([...Object.keys(vars), ...[...models, ...macros].flatMap(({ template }) => template.vars.map(({ name }) => name))]);
  for (const [name, at] of Object.entries(overrides.varsAt)) {
    if (known.has(name)) continue;
    const hint = didYouMean(name, known) ?? 'No template reads it, and project.yaml does not name it.';
    const message = `The unit test '${test}' overrides the var '${name}', which there is not.`;
    diagnostics.report(new GccflowError('VAR_NOT_FOUND', message, { at: locate(file, at), hint }));
  }
  const callable = new Set(['is_incremental', ...helpers.keys(), ...macros.map(({ name }) => name)]);
  for (const [name, at] of Object.entries(overrides.macrosAt)) {
    if (callable.has(name)) continue;
    const message = `The unit test '${test}' overrides the macro '${name}', which does not exist.`;
    diagnostics.report(new GccflowError('MACRO_NOT_FOUND', message, { at: locate(file, at), hint: didYouMean(name, callable) }));
  }
}
