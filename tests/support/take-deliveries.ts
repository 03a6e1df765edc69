import type { Consumer, Delivery } from '../../framework/connections/broker.ts';
import { type BrokerAddress, openAt } from './broker-places.ts';

/** Takes deliveries of a queue until it is killed: prints each body, a line each, and then acks it. Writing to a pipe is done when it returns. */
const [address = '', queue = ''] = process.argv.slice(2);
const broker = await openAt(JSON.parse(address) as BrokerAddress);
const waiting: Delivery[] = [];
let consumer: Consumer | undefined;
const take = (): void => {
  const taken = waiting.splice(0);
  if (taken.length > 0) process.stdout.write(taken.map(({ body }) => `${body.toString()}\n`).join(''));
  consumer?.ack(taken);
};
consumer = await broker.consume(queue, { prefetch: 50, onDelivery: (delivery) => waiting.push(delivery), onLost: () => waiting.splice(0) });
setInterval(take, 1);
