import { type BrokerAddress, openAt } from './broker-places.ts';

/** Holds deliveries of a queue in a process of its own until that is killed; says `held` when it has as many as it was told to. */
const [address = '', queue = '', count = ''] = process.argv.slice(2);
const broker = await openAt(JSON.parse(address) as BrokerAddress);
let held = 0;
await broker.consume(queue, {
  prefetch: Number(count),
  onDelivery: () => {
    held++;
    if (held === Number(count)) process.stdout.write('held\n');
  },
  onLost: (reason) => process.stdout.write(`lost: ${reason}\n`),
});
setInterval(() => {}, 1000);
