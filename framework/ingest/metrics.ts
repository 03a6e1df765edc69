import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What an ingest counts, for Prometheus. */
export interface IngestMetrics {
  /** `status` is the HTTP status, or the name of the gRPC one. */
  readonly request: (route: string, status: string) => void;
  /** `status` is `accepted`, or why they were refused. */
  readonly events: (route: string, status: string, count: number) => void;
  readonly confirmed: (seconds: number) => void;
  /** Messages and bytes that wait for the broker. */
  readonly inFlight: (messages: number, bytes: number) => void;
  /** Events that were taken in mode fast and could not be stored. */
  readonly lost: (count: number) => void;
  readonly contentType: string;
  readonly print: () => Promise<string>;
}

export function openMetrics(ingest: string): IngestMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'gccflow_http_requests_total',
    help: 'Requests answered, over HTTP and gRPC.',
    labelNames: ['service', 'route', 'status'],
    registers,
  });
  const events = new Counter({
    name: 'gccflow_ingest_events_total',
    help: 'Events accepted, or refused for the reason that status names.',
    labelNames: ['ingest', 'route', 'status'],
    registers,
  });
  const messages = gauge('gccflow_ingest_inflight', 'Messages that wait for the confirm of the broker.', registers);
  const bytes = gauge('gccflow_ingest_inflight_bytes', 'Their size.', registers);
  const confirm = new Histogram({
    name: 'gccflow_ingest_confirm_seconds',
    help: 'From publishing a message to the confirm of the broker.',
    labelNames: ['ingest'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const lost = new Counter({
    name: 'gccflow_ingest_lost_total',
    help: 'Messages taken in mode fast that no queue has taken.',
    labelNames: ['ingest'],
    registers,
  });
  const confirmed = confirm.labels(ingest);
  return {
    request: (route, status) => requests.inc({ service: ingest, route, status }),
    events: (route, status, count) => events.inc({ ingest, route, status }, count),
    confirmed: (seconds) => confirmed.observe(seconds),
    inFlight: (count, size) => {
      messages.set({ ingest }, count);
      bytes.set({ ingest }, size);
    },
    lost: (count) => lost.inc({ ingest }, count),
    contentType: registry.contentType,
    print: () => registry.metrics(),
  };
}

const gauge = (name: string, help: string, registers: Registry[]): Gauge<'ingest'> =>
  new Gauge({ name, help, labelNames: ['ingest'], registers });
