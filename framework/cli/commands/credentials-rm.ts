import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';

export const credentialsRm = defineCommand({
  name: 'credentials rm',
  summary: 'Remove credentials.',
  description:
    'Removes credentials with their secrets, for good: workers that run learn it within some seconds. One that may be of use again is better disabled.',
  examples: [{ command: 'gccflow credentials rm 7', description: 'One, by its id.' }],
  positionals: [{ name: 'id', description: 'Ids, as `credentials ls` prints them.', required: true, several: true }],
  options: { json },
  async run(values, context) {
    const { noCredential, openTargetCredentials, requireCredentialId } = await import('../open-credentials.ts');
    const { removeCredential } = await import('../../scrape/credentials/credential-table.ts');
    const ids = context.positionals.map(requireCredentialId);
    await using opened = await openTargetCredentials(values, context);
    for (const id of ids) {
      if (!(await removeCredential(opened.postgres, id))) throw noCredential(id);
      if (!values.json) context.output.print(`credential ${id} removed`);
    }
    if (values.json) context.output.printJson({ removed: ids });
    return exitCode.ok;
  },
});
