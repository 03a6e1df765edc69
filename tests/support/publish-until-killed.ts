import { type BrokerAddress, openAt } from './broker-places.ts';

/** Publishes into a queue until it is killed, 100 at a time; prints the body of each message that was confirmed. */
const [address = '', queue = ''] = process.argv.slice(2);
const broker = await openAt(JSON.parse(address) as BrokerAddress);
const publisher = await broker.publisher({ window: 100, confirmMs: 20_000 });
for (let next = 0; ; next += 100) {
  const bodies = Array.from({ length: 100 }, (_, index) => `${next + index}`);
  const publish = async (body: string): Promise<void> => {
    await publisher.publish({ exchange: '', routingKey: queue, body: Buffer.from(body), messageId: body });
    process.stdout.write(`${body}\n`);
  };
  await Promise.all(bodies.map(publish));
}
