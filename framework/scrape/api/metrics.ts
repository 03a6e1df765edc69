import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the API counts, for Prometheus. */
export interface ApiMetrics {
  readonly request: (route: string, status: string, seconds: number) => void;
  readonly contentType: string;
  readonly print: () => Promise<string>;
}

/** `running` gives back how many tasks run for requests. */
export function openMetrics(running: () => number): ApiMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'gccflow_http_requests_total',
    help: 'Requests answered.',
    labelNames: ['service', 'route', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'gccflow_http_request_seconds',
    help: 'From the begin of a request to the end of its answer.',
    labelNames: ['service', 'route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const tasks = new Gauge({ name: 'gccflow_served_tasks_running', help: 'Tasks that run for requests.', registers });
  const service = 'scrape';
  return {
    request: (route, status, took) => {
      requests.inc({ service, route, status });
      seconds.observe({ service, route }, took);
    },
    contentType: registry.contentType,
    print: () => {
      tasks.set(running());
      return registry.metrics();
    },
  };
}
