import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindQueue, launch, startIngest } from '../support/ingest.ts';
import { rabbitmqBroker } from '../support/ingest-broker.ts';

test('metrics count requests by route and status, events by what became of them, and the time of confirms', async (context) => {
  await using scratch = await rabbitmqBroker(context);
  if (!scratch) return;
  await bindQueue(scratch.broker, 'launch_q', 'event.tx', 'topic', 'LaunchEvent');
  await using ingest = await startIngest(scratch.broker);
  const logout = { eventId: 'z', timestamp: '1', logoutEvent: {} };

  await ingest.post('/event', { events: [launch('a'), launch('b')] });
  await ingest.post('/event', { events: [logout] });
  await ingest.post('/event', { events: [] });
  await ingest.post('/none', {});
  await ingest.dispatch([launch('c')]);
  await ingest.dispatch([logout]);
  const { text, headers } = await ingest.get('/metrics');

  const value = (series: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    );
  const requests = (route: string, status: string): number =>
    value(`gccflow_http_requests_total{service="events",route="${route}",status="${status}"}`);
  const events = (route: string, status: string): number =>
    value(`gccflow_ingest_events_total{ingest="events",route="${route}",status="${status}"}`);
  const dispatch = '/bulbulgrpc.EventService/dispatch';
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.deepEqual(
    [requests('/event', '202'), requests('/event', '422'), requests('/event', '400'), requests('unknown', '404')],
    [1, 1, 1, 1],
  );
  assert.deepEqual([requests(dispatch, 'OK'), requests(dispatch, 'FAILED_PRECONDITION')], [1, 1]);
  assert.deepEqual([events('/event', 'accepted'), events('/event', 'unroutable'), events(dispatch, 'accepted')], [2, 1, 1]);
  assert.equal(value('gccflow_ingest_confirm_seconds_count{ingest="events"}'), 2);
  assert.equal(value('gccflow_ingest_inflight{ingest="events"}'), 0);
});
