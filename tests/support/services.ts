import { connect } from 'node:net';
import type { TestContext } from 'node:test';

/** Where services of this machine usually listen. */
const services = { postgres: 5432, redis: 6379, rabbitmq: 5672 } as const;

/**
 * True when a service listens on its usual local port. Else the test is skipped and says what it could not test;
 * with REQUIRE_SERVICES=1 it fails instead.
 */
export async function needs(service: keyof typeof services, context: TestContext): Promise<boolean> {
  if (await listens(services[service])) return true;
  lacking(`no ${service} on 127.0.0.1:${services[service]}`, context);
  return false;
}

/** Skips the test for the reason given; with REQUIRE_SERVICES=1 it fails instead. */
export function lacking(what: string, context: TestContext, cause?: unknown): null {
  if (process.env.REQUIRE_SERVICES === '1') throw new Error(what, { cause });
  context.skip(what);
  return null;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
