import { hash } from 'node:crypto';
import type { Broker } from '../../framework/connections/broker.ts';
import { type ProjectFolder, projectFolder } from './cli.ts';
import { image, imageBytes, json, type ProviderLimit, status, type Upstream } from './upstream.ts';

/** Where the services of a project of `faultProject` are. */
export interface FaultServices {
  readonly postgres: string;
  readonly redis: string;
  readonly rabbitmq: string;
  readonly s3: string;
  readonly provider: string;
}

export const exchange = 'faults.dx';
export const eventQueue = 'profile_events_q';
export const bucket = 'faults';
const accounts = 8;
/** Every 50th profile is one that the provider does not have. */
export const isMissing = (profile: number): boolean => profile % 50 === 49;
export const followersOf = (profile: number, version: number): number => profile * 1000 + version;
export const accountOf = (profile: number): string => `a${profile % accounts}`;

/** Long, so that what comes late by no more than the slack hides little of what comes too often. */
const window = { ms: 15_000, text: '15s' };
/** Requests may come so much later than they were let through, for the machine may have other things to do. */
const slackMs = 2500;

/** What the provider permits, and what the project declares of it. */
const limits = { provider: 780, account: 110, credential: 520 };

const profileFlow = {
  kind: 'flow',
  name: 'refresh_profile',
  workers: 2,
  concurrency: 5,
  params: { profile: 'integer', version: 'integer', account: 'string' },
  limits: [{ key: 'account_{account}', requests: limits.account, per: window.text }],
  retrieve: { api: 'provider', path: '/profiles/{profile}', query: { version: '{version}', account: '{account}' } },
  parse: { fields: { profile_id: 'id', version: 'version', followers: 'followers', picture_url: 'picture' } },
  output: { profile_id: 'integer', version: 'integer', followers: 'integer', picture_url: 'string' },
  process: [
    { upsert: { table: 'public.profile', key: 'profile_id', newer_by: 'version', create: true } },
    { emit: { routing_key: 'profile_log', exchange, body: { profile_id: 'record.profile_id', followers: 'record.followers' } } },
    { run: './effect.ts' },
    {
      enqueue: {
        flow: 'store_picture',
        params: { profile: 'record.profile_id', version: 'record.version', url: 'record.picture_url' },
      },
    },
  ],
  retry: { attempts: 100, backoff: '50ms' },
  lease: '8s',
};

const pictureFlow = {
  kind: 'flow',
  name: 'store_picture',
  workers: 1,
  concurrency: 10,
  params: { profile: 'integer', version: 'integer', url: 'string' },
  process: [
    { upload: { url: 'params.url', entity_type: 'profile', entity_id: 'params.profile', platform: '"instagram"', as: 'asset' } },
    {
      upsert: {
        table: 'public.picture',
        key: ['profile', 'version'],
        columns: { profile: 'params.profile', version: 'params.version', url: 'record.asset' },
        create: true,
      },
    },
  ],
  retry: { attempts: 100, backoff: '50ms' },
  lease: '8s',
};

/** A row for each time that it takes effect, and an event of a second routing key. */
const effectStep = `
export default async ([{ profile_id }]: any, { db, emit, task }: any) => {
  await db.query('insert into public.effect values ($1)', [task.id]);
  emit({ exchange: '${exchange}', routingKey: 'profile_seen', body: { profile_id } });
};
`;

/** A project whose flow upserts, emits, writes and queues a follow-up that stores an asset. Its provider has two credentials. */
export function faultProject({ postgres, redis, rabbitmq, s3, provider }: FaultServices): ProjectFolder {
  const target = {
    workers: 'declared',
    postgres: { type: 'postgres', url: postgres },
    limiter: { type: 'redis', url: redis },
    broker: { type: 'rabbitmq', url: rabbitmq },
    credential_keys: [Buffer.alloc(32, 7).toString('base64')],
    assets: {
      store: { type: 's3', bucket, endpoint: s3, access_key_id: 'key', secret_access_key: 'hush-hush' },
      public_url: 'https://cdn.example.com',
      allow_private: true,
    },
  };
  const api = {
    kind: 'api',
    name: 'provider',
    base_url: provider,
    auth: { bearer: '{token}' },
    credentials: { source: 'provider', limits: [{ requests: limits.credential, per: window.text }] },
    limits: [{ requests: limits.provider, per: window.text }],
    disable_for: '1s',
    breaker: { failures: 5, open_for: '1s' },
  };
  return projectFolder({
    'project.yaml': JSON.stringify({ name: 'faults', targets: { dev: target } }),
    'sources/apis/provider.yaml': JSON.stringify(api),
    'flows/refresh_profile.yaml': JSON.stringify(profileFlow),
    'flows/store_picture.yaml': JSON.stringify(pictureFlow),
    'flows/effect.ts': effectStep,
  });
}

/** Lets the provider answer, and look after its limits. */
export function tellProvider(upstream: Upstream): void {
  const ofProfiles =
    (key: ProviderLimit['key']): ProviderLimit['key'] =>
    (arrival) =>
      arrival.path.startsWith('/profiles/') ? key(arrival) : null;
  const declare = (name: string, requests: number, key: ProviderLimit['key']): void =>
    upstream.limit({ name, requests, perMs: window.ms, slackMs, key: ofProfiles(key) });
  declare('provider', limits.provider, () => 'all');
  declare('account', limits.account, ({ query }) => query.get('account'));
  declare('credential', limits.credential, ({ credential }) => credential);
  upstream.on('GET /profiles/{profile}', (response, arrival) => {
    const id = Number(arrival.params.profile);
    const version = Number(arrival.query.get('version'));
    const profile = { id, version, followers: followersOf(id, version), picture: `${upstream.url}/pictures/${id}.jpg` };
    (isMissing(id) ? status(404) : json(profile))(response, arrival);
  });
  upstream.on('GET /pictures/{profile}.jpg', (response, arrival) =>
    image(pictureBytes, { seed: Number(arrival.params.profile) })(response, arrival),
  );
}

const pictureBytes = 30_000;

export function pictureHash(profile: number): string {
  return hash('sha256', imageBytes(pictureBytes, { seed: profile }));
}

export function pictureKey(profile: number): string {
  return `assets/profiles/instagram/${profile}.jpg`;
}

export async function declareEventQueue(broker: Broker): Promise<void> {
  await broker.declare({
    exchanges: [{ name: exchange, type: 'direct' }],
    queues: [{ name: eventQueue, type: 'quorum', delay: null }],
    bindings: ['profile_log', 'profile_seen'].map((routingKey) => ({ queue: eventQueue, exchange, routingKey })),
  });
}
