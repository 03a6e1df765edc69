import { InvalidProject } from '../../foundation/diagnostics.ts';
import { GccflowError } from '../../foundation/error.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json, selectionOptions } from '../options.ts';

export const check = defineCommand({
  name: 'check',
  summary: 'Find what would fail in the warehouse, without one.',
  description:
    'Checks the graph with a ClickHouse in memory: every source, seed and model as an empty table, in graph order. Finds unknown columns, functions and tables, types that do not fit, layouts that ClickHouse refuses, and branches of incremental models that differ, each with its place in your file. Tests, syncs, sinks, hooks, contracts, rules and unit tests are checked too. With --state, columns that an earlier check had and that something still reads are missed too. What did not change since the last check is not asked again. Writes target/check.json. Touches no warehouse and needs no credentials. Exits 1 if there is an error.',
  examples: [
    { command: 'gccflow check', description: 'Check the whole project.' },
    { command: 'gccflow check --select stg_post+', description: 'Print only what concerns stg_post and all that reads it.' },
    {
      command: 'gccflow check --state main-artifacts',
      description: 'And tell which columns others read are gone or of another type since.',
    },
    { command: 'gccflow check --json', description: 'The findings as JSON, for tools.' },
    { command: 'gccflow check --no-engine', description: 'Check names, refs and configs alone, without ClickHouse.' },
  ],
  positionals: [],
  options: {
    ...selectionOptions,
    engine: { type: 'boolean', negated: true, description: 'Leave out all that ClickHouse would be asked.' },
    json,
  },
  async run(values, context) {
    const { openCheckEngine } = await import('../../check/check-engine.ts');
    const { openCheckPostgres } = await import('../../check/check-postgres.ts');
    const startedAt = performance.now();
    const starting = values.engine === false ? null : openCheckEngine(); // it starts while the project is read
    await using _engine = { [Symbol.asyncDispose]: async () => (await starting?.catch(() => null))?.[Symbol.asyncDispose]() };
    const { openProjectAsIs } = await import('../open-project.ts');
    const { selectFrom } = await import('../select-from.ts');
    const { runCheck } = await import('../../check/run-check.ts');
    const { findingJson, formatFindings, formatSummary } = await import('../format-findings.ts');
    const { readScheduled } = await import('../read-scheduled.ts');
    const { writeCheck } = await import('../write-check.ts');
    const { output } = context;
    const checkProject = async () => {
      const opened = await openProjectAsIs(values, context);
      const selection = await selectFrom(opened, values).catch((thrown) => {
        throw opened.mistakes.length > 0 ? new InvalidProject(opened.mistakes) : thrown; // what is picked may be in a file that cannot be read
      });
      const only = selection.everything ? null : selection.nodes;
      const earlier = await opened.state?.columns();
      const result = await runCheck({
        ...opened,
        engine: (await starting) ?? null,
        only,
        readCommand: (argv) => readScheduled(argv, context.commands),
        openPostgres: () => openCheckPostgres(opened.project.dir, context.log),
        earlier,
      });
      return { opened, only, result };
    };
    const { opened, only, result } = await checkProject().catch((thrown) => {
      if (values.json) output.printJson(mistakesIn(thrown).map((error) => findingJson({ severity: 'error', node: null, error })));
      throw thrown;
    });
    if (result.graph && only === null && opened.mistakes.length === 0) await writeCheck(opened.manifest, result.graph, context.clock.now());
    if (values.json) output.printJson(result.findings.map(findingJson));
    else if (result.findings.length > 0) {
      const paint = (style: Parameters<typeof output.paint>[1], text: string): string => output.paint('stdout', style, text);
      output.print(formatFindings(result.findings, { projectDir: opened.project.dir, cwd: context.cwd, paint }));
    }
    output.note(formatSummary(result, opened.manifest, performance.now() - startedAt));
    return result.findings.some(({ severity }) => severity === 'error') ? exitCode.failed : exitCode.ok;
  },
});

/** What hinders a check: for who reads its JSON as well as for who reads stderr. */
function mistakesIn(thrown: unknown): readonly GccflowError[] {
  if (thrown instanceof InvalidProject) return thrown.errors;
  return thrown instanceof GccflowError ? [thrown] : [];
}
