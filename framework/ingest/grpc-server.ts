import { fileURLToPath } from 'node:url';
import {
  logVerbosity,
  Metadata,
  ResponderBuilder,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  setLogVerbosity,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { EventMethod } from './event-method.ts';
import { type ListenAddress, type RunningServer, type ServerDeps, unusableAddress } from './listen.ts';
import { type ProtoMethod, readProtoMethod } from './read-proto.ts';
import { Refusal, refusals, retryAfterSeconds } from './refusal.ts';

export interface GrpcServerDeps extends ServerDeps {
  readonly method: EventMethod;
}

/** Calls at once on one connection; more wait at the client. */
const maxCalls = 1000;
/** A client that does not answer a ping for this long is gone. */
const keepaliveMs = 30_000;

/** Serves the method that takes events, and gRPC's standard health service. Throws INGEST_ADDRESS. */
export async function openGrpcServer(listen: ListenAddress, deps: GrpcServerDeps): Promise<RunningServer> {
  setLogVerbosity(logVerbosity.NONE); // it would write to stderr by itself what is told by errors
  const server = new Server({
    'grpc.max_receive_message_length': deps.limits.body,
    'grpc.max_concurrent_streams': maxCalls,
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveMs,
    interceptors: [gate(deps)],
  });
  server.addService(definitionOf([[deps.method.path, false]]), { [deps.method.path]: dispatch(deps) });
  await addHealth(server, deps);
  const port = await bind(server, listen, deps);
  return {
    address: `grpc://${hostOf(listen)}:${port}`,
    end: () => server.forceShutdown(),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
  };
}

function bind(server: Server, listen: ListenAddress, { tls }: GrpcServerDeps): Promise<number> {
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.cert }])
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync(`${hostOf(listen)}:${listen.port}`, credentials, (error, port) => {
      if (error) reject(unusableAddress('gRPC', listen, error));
      else resolve(port);
    });
  });
}

/** As it stands before a port. */
const hostOf = ({ host }: ListenAddress): string => (host.includes(':') ? `[${host}]` : host);

type UnaryCall = ServerUnaryCall<Buffer, Buffer>;

/** Bytes in, bytes out: what they mean is decoded where a mistake can be answered with its path. */
const asIs = (bytes: Buffer): Buffer => bytes;

const definitionOf = (methods: readonly (readonly [path: string, streams: boolean])[]): ServiceDefinition =>
  Object.fromEntries(
    methods.map(([path, responseStream]) => [
      path,
      {
        path,
        requestStream: false,
        responseStream,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    ]),
  );

/** Refuses before a request is read what would be refused whatever it holds. */
function gate(deps: GrpcServerDeps): ServerInterceptor {
  const { method, intake, checkToken } = deps;
  return ({ path }, call) => {
    if (path !== method.path) return new ServerInterceptingCall(call);
    const listener = new ServerListenerBuilder().withOnReceiveMetadata((metadata, next) => {
      try {
        const [authorization] = metadata.get('authorization');
        checkToken(authorization === undefined ? undefined : String(authorization));
        intake.checkRoom();
      } catch (thrown) {
        call.sendStatus(failureOf(thrown, deps));
        return;
      }
      next(metadata);
    });
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => next(listener.build())).build());
  };
}

function dispatch(deps: GrpcServerDeps): UntypedServiceImplementation[string] {
  const { method, intake, clock, metrics } = deps;
  return async (call: UnaryCall, answer: sendUnaryData<Buffer>): Promise<void> => {
    try {
      await intake.accept(method.fromBytes(call.request, clock.now()));
      metrics.request(method.path, 'OK');
      answer(null, method.answer);
    } catch (thrown) {
      answer(failureOf(thrown, deps));
    }
  };
}

/** What a caller is told; a bug of ours is only logged. */
function failureOf(thrown: unknown, { method, metrics, log }: GrpcServerDeps): { code: status; details: string; metadata: Metadata } {
  const metadata = new Metadata();
  if (!(thrown instanceof Refusal)) {
    log.error({ err: thrown }, 'request failed');
    metrics.request(method.path, 'INTERNAL');
    return { code: status.INTERNAL, details: 'The server failed.', metadata };
  }
  const { grpc, retry } = refusals[thrown.kind];
  metrics.request(method.path, grpc);
  if (retry) metadata.set('grpc-retry-pushback-ms', String(retryAfterSeconds * 1000));
  return { code: status[grpc], details: thrown.path === null ? thrown.message : `${thrown.path}: ${thrown.message}`, metadata };
}

/** Says SERVING while events are taken. */
async function addHealth(server: Server, { method, readiness }: GrpcServerDeps): Promise<void> {
  const file = fileURLToPath(new URL('health.proto', import.meta.url));
  const check = await readProtoMethod(file, 'grpc.health.v1.Health.Check');
  const watch = await readProtoMethod(file, 'grpc.health.v1.Health.Watch');
  const answer = (state: string): Buffer => check.response.encode({ status: state });
  const isKnown = (service: string): boolean => service === '' || service === method.service;
  const definition = definitionOf([
    [check.path, false],
    [watch.path, true],
  ]);
  server.addService(definition, {
    [check.path]: (call: UnaryCall, reply: sendUnaryData<Buffer>) => {
      const service = serviceOf(check, call.request);
      if (service === null || !isKnown(service)) reply({ code: status.NOT_FOUND, details: 'There is no such service here.' });
      else reply(null, answer(readiness.reason === null ? 'SERVING' : 'NOT_SERVING'));
    },
    [watch.path]: (call: ServerWritableStream<Buffer, Buffer>) => {
      const service = serviceOf(watch, call.request);
      const known = service !== null && isKnown(service);
      if (!known) call.write(answer('SERVICE_UNKNOWN'));
      const stopWatching = readiness.watch((ready) => {
        if (known) call.write(answer(ready ? 'SERVING' : 'NOT_SERVING'));
        if (readiness.stopping) call.end();
      });
      call.on('cancelled', stopWatching);
    },
  });
}

function serviceOf({ request }: ProtoMethod, bytes: Buffer): string | null {
  try {
    return String(request.decode(bytes).service ?? '');
  } catch {
    return null;
  }
}
