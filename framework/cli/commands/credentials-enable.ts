import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';

export const credentialsEnable = defineCommand({
  name: 'credentials enable',
  summary: 'Let credentials be used again.',
  description:
    'Ends what keeps credentials from being used: a refusal by the provider, a rest after a limit, or `credentials disable`. Workers that run learn it within some seconds. Tasks that waited for them have a time when they go on, within five minutes; `gccflow tasks retry --status PENDING` lets them go on at once.',
  examples: [{ command: 'gccflow credentials enable 7 9', description: 'After their tokens were renewed at the provider.' }],
  positionals: [{ name: 'id', description: 'Ids, as `credentials ls` prints them.', required: true, several: true }],
  options: { json },
  async run(values, context) {
    const { noCredential, openTargetCredentials, requireCredentialId } = await import('../open-credentials.ts');
    const { enableCredential } = await import('../../scrape/credentials/credential-table.ts');
    const ids = context.positionals.map(requireCredentialId);
    await using opened = await openTargetCredentials(values, context);
    for (const id of ids) {
      if (!(await enableCredential(opened.postgres, id))) throw noCredential(id);
      if (!values.json) context.output.print(`credential ${id} enabled`);
    }
    if (values.json) context.output.printJson({ enabled: ids });
    else context.output.note('tasks that waited go on within five minutes, or at once by `gccflow tasks retry --status PENDING`');
    return exitCode.ok;
  },
});
