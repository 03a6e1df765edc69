import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';

export const schema = defineCommand({
  name: 'schema',
  summary: 'Write the JSON Schemas of the project files.',
  description:
    "Writes the JSON Schema of every kind of YAML file, by which editors complete and check them. Without --output, gccflow's own copy is brought up to date.",
  examples: [
    { command: 'gccflow schema --output .schemas', description: 'Beside your project, for the first line of its YAML files.' },
    { command: 'gccflow schema --check', description: 'Write nothing; exit 1 if a schema is out of date. For CI.' },
  ],
  positionals: [],
  options: {
    output: { type: 'text', value: 'FOLDER', completes: 'folder', description: 'Where the schemas go.' },
    check: { type: 'boolean', description: 'Only say which schemas differ.' },
  },
  async run(values, { cwd, output }) {
    const { staleSchemas, writeSchemas } = await import('../write-schemas.ts');
    const stale = staleSchemas(cwd, values.output);
    if (values.check !== true) writeSchemas(stale);
    for (const { path } of stale) output.print(path);
    output.note(stale.length === 0 ? 'every schema is up to date' : values.check ? 'out of date; gccflow schema writes them' : 'written');
    return values.check && stale.length > 0 ? exitCode.failed : exitCode.ok;
  },
});
