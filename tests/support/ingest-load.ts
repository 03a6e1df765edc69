import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { dispatch, launch, send } from './ingest.ts';

/** Senders that go on until they are told to stop, and remember what they were promised. */
export interface Load {
  /** Ids of events that were answered 202 or OK. */
  readonly promised: ReadonlySet<string>;
  /** Ids of events that were sent. */
  readonly sent: ReadonlySet<string>;
  stop(): Promise<void>;
}

/** Between two events of a sender, at most; ten times as long where the first was refused. The servers and the clients share a machine. */
const restMs = 40;

/** Sends single events over HTTP and gRPC, by so many senders each, which rest a little after each answer. */
export function startLoad(target: { readonly http: string; readonly grpc: string }, senders: number): Load {
  const promised = new Set<string>();
  const sent = new Set<string>();
  const agent = new Agent({ keepAlive: true, maxSockets: senders });
  const client = new Client(target.grpc, credentials.createInsecure());
  let stopped = false;
  const loop = async (name: string, send: (id: string) => Promise<boolean>): Promise<void> => {
    for (let count = 0; !stopped; count++) {
      const id = `${name}-${count}`;
      sent.add(id);
      const isTaken = await send(id);
      if (isTaken) promised.add(id);
      await sleep(Math.random() * (isTaken ? restMs : 10 * restMs));
    }
  };
  const byHttp = (id: string): Promise<boolean> =>
    send(`${target.http}/event`, { method: 'POST', agent }, { events: [launch(id)] }).then(
      ({ status }) => status === 202,
      () => false,
    );
  const byGrpc = async (id: string): Promise<boolean> => (await dispatch(client, { events: [launch(id)] })).status === 'OK';
  const loops = Array.from({ length: senders }, (_, index) => [loop(`http${index}`, byHttp), loop(`grpc${index}`, byGrpc)]).flat();
  return {
    promised,
    sent,
    stop: async () => {
      stopped = true;
      await Promise.all(loops);
      client.close();
      agent.destroy();
    },
  };
}
