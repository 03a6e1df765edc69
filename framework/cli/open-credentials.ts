import type { Postgres } from '../connections/postgres.ts';
import { migrateSchema } from '../connections/postgres-schema.ts';
import { GccflowError } from '../foundation/error.ts';
import type { ApiNode, Manifest } from '../manifest/manifest.ts';
import { type CredentialKey, loadCredentialKeys } from '../scrape/credentials/credential-keys.ts';
import type { CommandContext, Values } from './command.ts';
import { openTargetPostgres } from './open-connections.ts';
import { type OpenProject, openProject } from './open-project.ts';
import type { EverywhereOptions } from './options.ts';

export interface TargetCredentials extends OpenProject, AsyncDisposable {
  readonly postgres: Postgres;
  readonly keys: () => Promise<readonly CredentialKey[]>;
}

/** Opens the project and its PostgreSQL, with the table of credentials in it. */
export async function openTargetCredentials(values: Values<EverywhereOptions>, context: CommandContext): Promise<TargetCredentials> {
  const opened = await openProject(values, context);
  const { project } = opened;
  await using opening = new AsyncDisposableStack();
  const postgres = opening.use(await openTargetPostgres(project, { threads: 1, log: context.log, signal: context.signal }));
  await migrateSchema(postgres);
  const open = opening.move();
  return {
    ...opened,
    postgres,
    keys: () => loadCredentialKeys(project.target, project.dir),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** The APIs that use credentials of a source, by their names. */
export function apisOf({ nodes }: Manifest, source: string): readonly ApiNode[] {
  const apis = [...nodes.values()].filter((node) => node.kind === 'api');
  return apis.filter(({ api }) => api.credentials?.source === source).toSorted((one, other) => one.name.localeCompare(other.name));
}

/** The argument as an id. Throws USAGE. */
export function requireCredentialId(text: string): string {
  if (isCredentialId(text)) return text;
  throw new GccflowError('USAGE', `'${text}' is no id of a credential, which is a number.`, {
    hint: '`gccflow credentials ls` prints the ids.',
  });
}

export function isCredentialId(text: string): boolean {
  return /^\d{1,18}$/.test(text);
}

export function noCredential(id: string): GccflowError {
  return new GccflowError('CREDENTIAL_NOT_FOUND', `There is no credential ${id}.`, { hint: '`gccflow credentials ls` prints all.' });
}
