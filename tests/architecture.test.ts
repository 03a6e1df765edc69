import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/** What each room may import besides itself and `foundation`. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  foundation: [],
  project: [],
  manifest: ['project'],
  materializations: ['manifest', 'project'],
  plan: ['project', 'manifest', 'materializations'],
  connections: ['project'],
  run: ['project', 'manifest', 'materializations', 'plan', 'connections'],
  sync: ['project', 'manifest', 'connections'],
  sink: ['project', 'manifest', 'connections'],
  ingest: ['project', 'manifest', 'connections'],
  scrape: ['project', 'manifest', 'connections'],
  check: ['project', 'manifest', 'materializations', 'plan', 'connections', 'run', 'sync', 'sink'],
  cli: ['project', 'manifest', 'materializations', 'plan', 'connections', 'run', 'sync', 'sink', 'ingest', 'scrape', 'check'],
};

/** The only files that may import a package; a swap of the package is then a small diff. */
const importers: Readonly<Record<string, readonly string[]>> = {
  '@aws-sdk/client-s3': ['connections/objects-s3.ts'],
  '@aws-sdk/lib-storage': ['connections/objects-s3.ts'],
  '@clickhouse/client': ['connections/warehouse-client.ts', 'connections/embedded-connection.ts'],
  '@dagrejs/graphlib': ['manifest/graph.ts'],
  '@fastify/swagger': ['scrape/api/open-api.ts'],
  '@fastify/swagger-ui': ['scrape/api/open-api.ts'],
  '@grpc/grpc-js': ['ingest/grpc-server.ts'],
  amqplib: ['connections/rabbitmq-connection.ts'],
  cockatiel: ['scrape/calls/breaker.ts'],
  chdb: ['connections/embedded-engine.ts'],
  'csv-parse': ['cli/read-csv.ts'],
  'fastest-levenshtein': ['foundation/closest.ts'],
  fastify: ['ingest/http-server.ts', 'scrape/api/add-routes.ts', 'scrape/api/open-api.ts', 'scrape/api/serve-flows.ts'],
  'file-type': ['scrape/assets/sniff-type.ts'],
  handlebars: ['project/handlebars.ts'],
  ioredis: ['connections/redis.ts'],
  'ipaddr.js': ['scrape/calls/public-address.ts'],
  jsonata: ['project/expression.ts'],
  kysely: ['connections/migrate.ts', 'connections/postgres-kysely.ts'],
  'log-update': ['cli/live-progress.ts'],
  'lru-cache': ['sink/recent-ids.ts'],
  'p-throttle': ['sink/writers/http.ts'],
  'node-cron': ['check/check-schedules.ts'],
  pg: ['connections/postgres-pool.ts'],
  'pg-copy-streams': ['connections/postgres-pool.ts'],
  pino: ['cli/open-log.ts'],
  'prom-client': ['ingest/metrics.ts', 'scrape/worker/metrics.ts', 'scrape/api/metrics.ts'],
  protobufjs: ['ingest/read-proto.ts'],
  'string-width': ['cli/code-frame.ts', 'cli/format-table.ts', 'check/unit-tests/format-diff.ts'],
  undici: ['scrape/calls/undici-client.ts', 'scrape/calls/agents.ts', 'scrape/calls/recorder.ts'],
  uuid: ['scrape/outbox/event-id.ts'],
  yaml: ['project/parse-yaml.ts'],
  'yargs-parser': ['cli/parse-arguments.ts'],
};

const files = globSync('framework/**/*.ts').map((path) => path.replaceAll('\\', '/').replace('framework/', ''));
const imports = files.flatMap((file) => {
  const text = readFileSync(`framework/${file}`, 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^'\s]+)'/g)].map((match) => match[1] ?? '');
  return specifiers.map((specifier) => ({ file, specifier }));
});

test('a room imports only the rooms above it', () => {
  const wrong = imports.filter(({ file, specifier }) => {
    const target = /^\.\.\/([a-z]+)\//.exec(specifier)?.[1] ?? /^\.\.\/\.\.\/([a-z]+)\//.exec(specifier)?.[1];
    const room = file.split('/')[0] ?? '';
    return target !== undefined && target in rooms && target !== room && target !== 'foundation' && !rooms[room]?.includes(target);
  });

  assert.ok(imports.length > 50);
  assert.deepEqual(wrong, []);
});

/** Each migration is a file of its own. */
const isMigration = (name: string, file: string): boolean => name === 'kysely' && file.startsWith('connections/migrations/');

test('a package is imported only by the files that wrap it', () => {
  const wrong = imports.filter(({ file, specifier }) => {
    const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? '');
    return (
      !specifier.startsWith('.') &&
      !specifier.startsWith('node:') &&
      name !== 'zod' &&
      !importers[name]?.includes(file) &&
      !isMigration(name, file)
    );
  });

  assert.deepEqual(wrong, []);
});

test('nothing but cli/ reads the environment, ends the process or prints', () => {
  const wrong = files
    .filter((file) => !file.startsWith('cli/'))
    .filter((file) => /process\.(env|exit|stdout|stderr)\b/.test(readFileSync(`framework/${file}`, 'utf8')));

  assert.deepEqual(wrong, []);
});
