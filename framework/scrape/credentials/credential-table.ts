import type { PostgresQueries } from '../../connections/postgres.ts';
import type { SealedSecrets } from './sealed-secrets.ts';

/** A row of `gccflow.credential`. */
export interface CredentialRow {
  readonly id: string;
  readonly source: string;
  /** As `SealedSecrets` where nobody else wrote it. */
  readonly credentials: unknown;
  readonly enabled: boolean;
  readonly disabled_till: Date | null;
  /** How long until then by PostgreSQL's clock; 0 where it is not disabled for a time. */
  readonly rest_ms: number;
  readonly reason: string | null;
  /** The provider has refused it something, and nothing was accepted since. */
  readonly is_suspected: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const columns = `
  id, source, credentials, enabled, disabled_till, reason, created_at, updated_at, refused <> '{}' as is_suspected,
  greatest(0, extract(epoch from coalesce(disabled_till, now()) - now()) * 1000)::float8 as rest_ms`;

/** In the order of their ids; those of one source where it is given. */
export function readCredentials(queries: PostgresQueries, source: string | null): Promise<CredentialRow[]> {
  const sql = `select ${columns} from gccflow.credential where $1::text is null or source = $1 order by credential.id`;
  return queries.query<CredentialRow>(sql, [source]);
}

export async function readCredential(queries: PostgresQueries, id: string): Promise<CredentialRow | null> {
  const [row] = await queries.query<CredentialRow>(`select ${columns} from gccflow.credential where credential.id = $1::bigint`, [id]);
  return row ?? null;
}

/** An id for a row that is not there yet: secrets are sealed for it. */
export async function takeCredentialId(queries: PostgresQueries): Promise<string> {
  const [row] = await queries.query<{ id: string }>(`select nextval(pg_get_serial_sequence('gccflow.credential', 'id')) as id`);
  return String(row?.id);
}

export async function insertCredential(
  queries: PostgresQueries,
  { id, source, sealed }: { readonly id: string; readonly source: string; readonly sealed: SealedSecrets },
): Promise<void> {
  const sql = 'insert into gccflow.credential (id, source, credentials) overriding system value values ($1, $2, $3::jsonb)';
  await queries.query(sql, [id, source, JSON.stringify(sealed)]);
}

/** Puts secrets that were sealed anew into their row, unless somebody else has done so meanwhile. */
export async function replaceSealed(queries: PostgresQueries, id: string, old: unknown, sealed: SealedSecrets): Promise<boolean> {
  const sql = 'update gccflow.credential set credentials = $3::jsonb where id = $1 and credentials = $2::jsonb returning id';
  const rows = await queries.query(sql, [id, JSON.stringify(old), JSON.stringify(sealed)]);
  return rows.length > 0;
}

/** Of several times the latest holds, with its reason. */
export async function restCredential(queries: PostgresQueries, id: string, forMs: number, reason: string): Promise<void> {
  await queries.query(restSql, [id, forMs, reason]);
}

// Every expression of an update sees the row as it was.
const restSql = `
  update gccflow.credential as credential
  set disabled_till = rest.till, updated_at = now(), reason = case when credential.enabled then $3 else credential.reason end
  from (select now() + $2::float8 * interval '1 millisecond' as till) as rest
  where credential.id = $1::bigint and (credential.disabled_till is null or credential.disabled_till < rest.till)`;

/** What was the reason first stays it. False where there is no such row. */
export async function disableCredential(queries: PostgresQueries, id: string, reason: string): Promise<boolean> {
  const rows = await queries.query(
    `update gccflow.credential set enabled = false, reason = case when enabled then $2 else reason end, updated_at = now()
     where id = $1::bigint returning id`,
    [id, reason],
  );
  return rows.length > 0;
}

/** Ends every disabling. False where there is no such row. */
export async function enableCredential(queries: PostgresQueries, id: string): Promise<boolean> {
  const rows = await queries.query(
    `update gccflow.credential set enabled = true, disabled_till = null, reason = null, refused = '{}', updated_at = now()
     where id = $1::bigint returning id`,
    [id],
  );
  return rows.length > 0;
}

/**
 * Notes that a resource was refused to a credential; true where as many have been as are told of by `most`, and the first of them so long
 * ago that every process that uses the credential has read of it.
 */
export async function noteRefusal(queries: PostgresQueries, id: string, resource: string, most: number): Promise<boolean> {
  const [row] = await queries.query<{ is_enough: boolean }>(refusalSql, [id, resource, most, heardMs]);
  return row?.is_enough === true;
}

/** More than twice as long as rows are remembered. */
const heardMs = 5000;

const refusalSql = `
  update gccflow.credential
  set refused = case when $2 = any(refused) or cardinality(refused) >= $3::int then refused else array_append(refused, $2) end,
    refused_since = case when refused = '{}' then now() else refused_since end
  where id = $1::bigint
  returning cardinality(refused) >= $3::int and refused_since <= now() - $4::float8 * interval '1 millisecond' as is_enough`;

/** The provider has accepted the credential. */
export async function forgetRefusals(queries: PostgresQueries, id: string): Promise<void> {
  await queries.query(`update gccflow.credential set refused = '{}' where id = $1::bigint and refused <> '{}'`, [id]);
}

/** Forgets a credential and its secrets. False where there is no such row. */
export async function removeCredential(queries: PostgresQueries, id: string): Promise<boolean> {
  const rows = await queries.query('delete from gccflow.credential where id = $1::bigint returning id', [id]);
  return rows.length > 0;
}
