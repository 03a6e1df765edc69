import { didYouMean } from '../foundation/closest.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { ApiNode } from '../manifest/manifest.ts';
import { type CredentialTest, type CredentialTestDeps, testCredential } from '../scrape/calls/test-credential.ts';
import { openHttpClient } from '../scrape/calls/undici-client.ts';
import { type CredentialRow, readCredential, readCredentials } from '../scrape/credentials/credential-table.ts';
import { openSecrets } from '../scrape/credentials/sealed-secrets.ts';
import { limitLine } from '../scrape/limits/limit-line.ts';
import { openLimiter } from '../scrape/limits/open-limiter.ts';
import type { CommandContext, Values } from './command.ts';
import { findNode } from './find-node.ts';
import { apisOf, isCredentialId, noCredential, openTargetCredentials, type TargetCredentials } from './open-credentials.ts';
import type { EverywhereOptions } from './options.ts';

export interface CredentialTestResult extends Omit<CredentialTest, 'outcome'> {
  readonly id: string;
  readonly source: string;
  /** Null where none could be asked. */
  readonly api: string | null;
  readonly outcome: CredentialTest['outcome'] | 'resting';
}

type TestValues = Values<EverywhereOptions> & { readonly path?: string | undefined; readonly api?: string | undefined };

/** Tests the credentials that an id or a source means, one after another; all where it is null. */
export async function runCredentialTests(
  values: TestValues,
  wanted: string | null,
  context: CommandContext,
): Promise<readonly CredentialTestResult[]> {
  await using opened = await openTargetCredentials(values, context);
  const rows = await findRows(wanted, opened);
  const path = requirePath(values.path ?? '/');
  const { project, manifest, postgres } = opened;
  const { clock, log, signal, secrets } = context;
  const named = values.api === undefined ? null : findNode(values.api, manifest, (node) => node.kind === 'api');
  await using limiter = await openLimiter(project.target.limiter, { postgres, log, signal });
  await using http = openHttpClient();
  const deps = { http, line: limitLine({ limiter, whenAway: project.target.limiter.when_away, log }), clock, signal };
  const keys = await opened.keys();
  const results: CredentialTestResult[] = [];
  for (const row of rows) {
    const [node] = named === null ? apisOf(manifest, row.source) : [named];
    const isResting = row.rest_ms > 0 && row.id !== wanted;
    results.push({ id: row.id, source: row.source, api: node?.name ?? null, ...(isResting ? resting : await test(row, node)) });
  }
  return results;

  async function test(row: CredentialRow, node: ApiNode | undefined): Promise<CredentialTest> {
    if (node === undefined) return { outcome: 'unclear', told: `no API of the project uses '${row.source}'` };
    try {
      const credential = { id: row.id, source: row.source, secrets: openSecrets(row.credentials, row, keys) };
      secrets.addCredential(credential.secrets);
      return await testCredential(node, credential, path, deps satisfies CredentialTestDeps);
    } catch (thrown) {
      if (!(thrown instanceof GccflowError)) throw thrown;
      return { outcome: 'unclear', told: messageOf(thrown) };
    }
  }
}

const resting = { outcome: 'resting', told: 'not asked before its rest is over' } as const;

/** Throws CREDENTIAL_NOT_FOUND. */
async function findRows(wanted: string | null, { postgres, manifest }: TargetCredentials): Promise<readonly CredentialRow[]> {
  if (wanted !== null && isCredentialId(wanted)) {
    const row = await readCredential(postgres, wanted);
    if (row === null) throw noCredential(wanted);
    return [row];
  }
  const rows = await readCredentials(postgres, wanted);
  if (wanted === null || rows.length > 0 || apisOf(manifest, wanted).length > 0) return rows;
  const sources = (await readCredentials(postgres, null)).map(({ source }) => source);
  throw new GccflowError('CREDENTIAL_NOT_FOUND', `There is no credential of '${wanted}', and no API that uses one.`, {
    hint: didYouMean(wanted, new Set(sources)) ?? '`gccflow credentials ls` prints all.',
  });
}

function requirePath(path: string): string {
  if (path.startsWith('/')) return path;
  throw new GccflowError('USAGE', `'--path' takes a path that begins with '/'.`);
}
