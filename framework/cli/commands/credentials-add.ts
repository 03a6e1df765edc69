import type { ApiNode, Manifest } from '../../manifest/manifest.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';

export const credentialsAdd = defineCommand({
  name: 'credentials add',
  summary: 'Store a credential of a source, encrypted.',
  description:
    "Stores the secrets of one credential for the APIs whose `credentials.source` is the given name, encrypted with the first of the target's credential_keys. Secrets come on stdin, as a JSON object or as lines `name=value`, or from variables of the environment; never as arguments, which every process of the machine can read.",
  examples: [
    { command: 'gccflow credentials add graphapi < token.json', description: 'A file such as {"token": "…"}.' },
    { command: 'pass graph/token | sed s/^/token=/ | gccflow credentials add graphapi', description: 'From a password store.' },
    { command: 'gccflow credentials add graphapi --env token=GRAPH_TOKEN', description: 'A variable of the environment.' },
  ],
  positionals: [{ name: 'source', description: 'Source that APIs name.', required: true }],
  options: {
    env: { type: 'list', value: 'NAME=VARIABLE', description: 'Take a secret from a variable of the environment.' },
    json,
  },
  async run(values, context) {
    const { apisOf, openTargetCredentials } = await import('../open-credentials.ts');
    const { readSecrets } = await import('../read-secrets.ts');
    const { addCredential } = await import('../../scrape/credentials/add-credential.ts');
    const { output, positionals, secrets: masked } = context;
    const [source = ''] = positionals;
    const secrets = await readSecrets(values.env, context);
    masked.addCredential(secrets);
    await using opened = await openTargetCredentials(values, context);
    const apis = apisOf(opened.manifest, source);
    await requireNames(apis, secrets);
    const id = await addCredential(opened.postgres, { source, secrets, keys: await opened.keys() });
    if (values.json) output.printJson({ id, source });
    else output.print(`credential ${id} of '${source}' added`);
    if (apis.length === 0) output.note(await unused(source, opened.manifest));
    return exitCode.ok;
  },
});

async function unused(source: string, manifest: Manifest): Promise<string> {
  const { didYouMean } = await import('../../foundation/closest.ts');
  const sources = [...manifest.nodes.values()].flatMap((node) => (node.kind === 'api' ? (node.api.credentials?.source ?? []) : []));
  const near = didYouMean(source, sources);
  return `No API of the project uses credentials of '${source}'.${near === undefined ? '' : ` ${near}`}`;
}

/** Throws USAGE where an API shows a secret that is not among them. */
async function requireNames(apis: readonly ApiNode[], secrets: Readonly<Record<string, string>>): Promise<void> {
  const { secretNames } = await import('../../scrape/calls/auth.ts');
  const { GccflowError } = await import('../../foundation/error.ts');
  for (const { name, api } of apis) {
    const missing = secretNames(api.auth).filter((needed) => !Object.hasOwn(secrets, needed));
    if (missing.length === 0) continue;
    const names = missing.map((needed) => `'${needed}'`).join(', ');
    throw new GccflowError('USAGE', `The API '${name}' shows ${names}, which is not among the secrets that were given.`, {
      hint: `Given: ${Object.keys(secrets).join(', ')}.`,
    });
  }
}
