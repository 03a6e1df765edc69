import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';

export const credentialsTest = defineCommand({
  name: 'credentials test',
  summary: 'Ask providers what they make of credentials.',
  description:
    'Sends one GET request with each credential through an API that uses its source, within the limits, and says what the provider answered: `accepted` for 2xx, `refused` for 401, 402 and 403, `limited`, or `unclear`. Changes nothing: what was refused stays enabled, and what is disabled is asked too. One that rests is only asked when its id is given. Exits 1 unless all were accepted.',
  examples: [
    { command: 'gccflow credentials test graphapi --path /me', description: 'Those of a source.' },
    { command: 'gccflow credentials test 7 --api rapidapi_ig_1 --path /profile/natgeo', description: 'One, through a certain API.' },
  ],
  positionals: [{ name: 'id-or-source', description: 'An id or a source; all credentials where none is given.' }],
  options: {
    path: { type: 'text', value: 'PATH', description: 'What is asked for, best something small that exists. Default: /.' },
    api: { type: 'text', value: 'NAME', completes: 'api', description: 'API to ask through. Default: the first that uses the source.' },
    json,
  },
  async run(values, context) {
    const { runCredentialTests } = await import('../run-credential-tests.ts');
    const { formatTable } = await import('../format-table.ts');
    const { output, positionals } = context;
    const results = await runCredentialTests(values, positionals[0] ?? null, context);
    if (values.json) output.printJson(results);
    else if (results.length === 0) output.note('There are no credentials to test.');
    else
      output.print(
        formatTable(
          columns,
          results.map(({ id, source, api, outcome, told }) => [id, source, api ?? '–', outcome, told]),
        ),
      );
    return results.every(({ outcome }) => outcome === 'accepted') ? exitCode.ok : exitCode.failed;
  },
});

const left = (title: string) => ({ title, align: 'left' }) as const;
const columns = [{ title: 'id', align: 'right' } as const, ...['source', 'api', 'outcome', 'answer'].map(left)];
