import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';

export const credentialsDisable = defineCommand({
  name: 'credentials disable',
  summary: 'Let credentials not be used until they are enabled.',
  description: 'Takes credentials out of use: workers that run learn it within some seconds. Nothing is removed.',
  examples: [{ command: "gccflow credentials disable 7 --reason 'left the company'", description: 'One, with a reason for `ls`.' }],
  positionals: [{ name: 'id', description: 'Ids, as `credentials ls` prints them.', required: true, several: true }],
  options: { reason: { type: 'text', value: 'TEXT', description: 'Why; shown by `credentials ls`.' }, json },
  async run(values, context) {
    const { noCredential, openTargetCredentials, requireCredentialId } = await import('../open-credentials.ts');
    const { disableCredential } = await import('../../scrape/credentials/credential-table.ts');
    const ids = context.positionals.map(requireCredentialId);
    await using opened = await openTargetCredentials(values, context);
    for (const id of ids) {
      if (!(await disableCredential(opened.postgres, id, values.reason ?? 'by hand'))) throw noCredential(id);
      if (!values.json) context.output.print(`credential ${id} disabled`);
    }
    if (values.json) context.output.printJson({ disabled: ids });
    return exitCode.ok;
  },
});
