import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { parseRabbitmqUrl } from '../../framework/connections/rabbitmq-address.ts';
import { isMissing, unreachable } from '../../framework/connections/rabbitmq-fault.ts';
import { RabbitmqOutage } from '../../framework/connections/rabbitmq-outage.ts';
import { recordingLog } from '../support/recording-log.ts';

const refusal = (code: number, text: string): Error =>
  Object.assign(new Error(`Operation failed: QueueDeclare; ${code} (NOT-FOUND) with message "NOT_FOUND - ${text}"`), { code });

test('a url is taken apart, and its location has no password', () => {
  assert.deepEqual(parseRabbitmqUrl('amqp://ana:p%40ss@mq.example:5673/team%2Fa?heartbeat=30'), {
    protocol: 'amqp',
    host: 'mq.example',
    port: 5673,
    user: 'ana',
    password: 'p@ss',
    vhost: 'team/a',
    heartbeat: 30,
    location: 'RabbitMQ at mq.example:5673/team/a',
  });
  const { host, port, user, vhost, heartbeat, location } = parseRabbitmqUrl('amqps://[::1]');
  assert.deepEqual([host, port, user, vhost, heartbeat, location], ['::1', 5671, 'guest', '/', 15, 'RabbitMQ at [::1]:5671']);
});

test('a queue whose node is down is not missing', () => {
  assert.ok(isMissing(refusal(404, "no queue 'q' in vhost '/'")));
  assert.ok(!isMissing(refusal(404, "home node 'rabbit@b' of durable queue 'q' in vhost '/' is down or inaccessible")));
});

test('a certificate of nobody known says where to name its authority', () => {
  const error = unreachable(new Error('self-signed certificate; try this'), parseRabbitmqUrl('amqps://mq.example'));

  assert.match(error.message, /^RabbitMQ at mq\.example:5671 cannot be used: its certificate .* \(NODE_EXTRA_CA_CERTS/);
});

test('an outage is logged when it begins, once more when it lasts, and when it ends, for both connections together', (context) => {
  const log = recordingLog();
  let now = 0;
  mock.method(performance, 'now', () => now);
  context.after(() => mock.restoreAll());
  const outage = new RabbitmqOutage('RabbitMQ at mq', log);

  outage.lost('consuming', new Error('write ECONNRESET'));
  outage.lost('publishing', undefined);
  for (now = 0; now <= 120_000; now += 10_000) outage.stillLost(new Error('connect ECONNREFUSED'));
  outage.restored('publishing');
  outage.restored('consuming');

  assert.deepEqual(
    log.lines.filter(({ level }) => level !== 'debug').map(({ fields, message }) => [message, fields.reason ?? fields.lasted]),
    [
      ['broker connection lost', 'write ECONNRESET'],
      ['broker connection still lost', 'connect ECONNREFUSED'],
      ['broker connection restored', '2 m 10 s'],
    ],
  );
});
