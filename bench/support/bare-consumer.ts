import { connect } from 'amqplib';

/** The peer of `bench/sink.ts`: parses and acks as many messages of a queue as it is told. The broker's own count lags behind. */
const [url = '', queue = '', count = ''] = process.argv.slice(2);
const connection = await connect(url);
const channel = await connection.createChannel();
await channel.prefetch(2000);
let left = Number(count);
const { promise, resolve } = Promise.withResolvers<void>();
await channel.consume(queue, (message) => {
  if (!message) return;
  JSON.parse(message.content.toString());
  channel.ack(message);
  left -= 1;
  if (left === 0) resolve();
});
await promise;
await channel.close();
await connection.close();
