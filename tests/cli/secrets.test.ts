import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Secrets } from '../../framework/cli/secrets.ts';
import { TargetConfig } from '../../framework/project/target-config.ts';
import { projectDir } from '../support/project-dir.ts';

function secretsOf(password: string): Secrets {
  const secrets = new Secrets();
  const url = `postgres://user:${encodeURIComponent(password)}@db:5432/main`;
  secrets.addTarget(TargetConfig.parse({ postgres: { type: 'postgres', url } }));
  return secrets;
}

test('a password is masked as it is, in a URL and in JSON, whatever it is made of', () => {
  const password = fc.string({ minLength: 6, unit: 'grapheme' }).filter((text) => text.trim() === text && !'***'.includes(text));
  fc.assert(
    fc.property(password, (secret) => {
      const secrets = secretsOf(secret);
      for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
        assert.ok(!secrets.redact(`before ${form} after`).includes(form));
      }
    }),
  );
});

test('masked JSON is still JSON', () => {
  const secret = 'say "wh\\at"';

  const masked = secretsOf(secret).redact(JSON.stringify({ reason: `refused for ${secret}` }));

  assert.deepEqual(JSON.parse(masked), { reason: 'refused for ***' });
});

test('a short password is masked where it stands alone, and does not eat the rest', () => {
  assert.equal(secretsOf('dbt').redact('user dbt, password=dbt; the folder dbts_models'), 'user ***, password=***; the folder dbts_models');
});

test('the password of any URL is masked, known or not', () => {
  assert.equal(new Secrets().redact('tried amqp://guest:hunter2@queue:5672/'), 'tried amqp://guest:***@queue:5672/');
});

test('what a var or a variable of the environment holds is masked when its name sounds like a secret', () => {
  const secrets = new Secrets();
  secrets.addNamed({
    env: { DB_PASSWORD: 'hush-env', REGION: 'eu-west-1' },
    vars: { api: { token: 'hush-var', days: 1234567 }, keys: ['plain-one'] },
  });

  const masked = secrets.redact('hush-env eu-west-1 hush-var 1234567 plain-one');

  assert.equal(masked, '*** eu-west-1 *** 1234567 plain-one');
});

test('tokens of requests, keys of credentials and those of the asset store are masked', () => {
  const secrets = new Secrets();
  const store = { type: 's3', bucket: 'assets', access_key_id: 'asset-access', secret_access_key: 'asset-secret' };
  secrets.addTarget(TargetConfig.parse({ assets: { store }, serve: { tokens: ['serve-token'] }, credential_keys: ['key-in-base64'] }));

  assert.equal(secrets.redact('asset-access asset-secret serve-token key-in-base64 assets'), '*** *** *** *** assets');
});

test('credentials of APIs and tokens of the intake are masked', async () => {
  using project = projectDir({
    'sinks/api.yaml': `kind: sink
name: api
queue: { name: api_q }
to: { http: { url: 'http://127.0.0.1:9', auth: { bearer: bearer-of-api } } }
`,
    'sources/ingest.yaml': `kind: ingest
name: app
tokens: token-of-apps
http: { routes: [{ path: /a, publish: [{ exchange: a, routing_key: a }], signature: { header: x, secret: hmac-of-shop } }] }
`,
  });
  const { manifest } = await project.load();
  const secrets = new Secrets();

  secrets.addStreams(manifest.nodes.values());

  assert.equal(secrets.redact('bearer-of-api, token-of-apps, hmac-of-shop'), '***, ***, ***');
});

test('a secret of several lines is masked whole and line by line', () => {
  const secrets = new Secrets();
  secrets.addNamed({ env: { PRIVATE_KEY: 'first of key\nsecond of key' }, vars: {} });

  assert.equal(secrets.redact('refused: first of key\nsecond of key, or second of key alone'), 'refused: ***, or *** alone');
  assert.equal(secrets.redact('refused: first of key'), 'refused: ***');
});
