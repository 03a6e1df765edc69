import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';

export const credentialsRotate = defineCommand({
  name: 'credentials rotate',
  summary: 'Encrypt all credentials with the first key.',
  description:
    'Encrypts every credential anew that was encrypted with an older key than the first of credential_keys. To change keys, write the new one before the old one, start workers anew, run this, and take the old one away. Exits 1 where a credential cannot be decrypted by any key; the others are done all the same.',
  examples: [{ command: 'gccflow credentials rotate --target prod', description: 'After a new key was put first.' }],
  positionals: [],
  options: { json },
  async run(values, context) {
    const { openTargetCredentials } = await import('../open-credentials.ts');
    const { rotateCredentials } = await import('../../scrape/credentials/reseal.ts');
    const { output } = context;
    await using opened = await openTargetCredentials(values, context);
    const { rotated, current, unreadable } = await rotateCredentials(opened.postgres, await opened.keys());
    if (values.json) output.printJson({ rotated, current, unreadable: unreadable.map(({ message }) => message) });
    else output.print(`${rotated.toLocaleString('en')} encrypted anew, ${current.toLocaleString('en')} were so already`);
    const [first] = unreadable;
    if (first === undefined) return exitCode.ok;
    for (const { message } of unreadable.slice(1)) output.complain(message);
    throw first;
  },
});
