import { GccflowError } from '../foundation/error.ts';
import type { OutgoingMessage } from './broker.ts';
import type { RabbitmqRefusal } from './rabbitmq-fault.ts';

/** No queue wanted the message, or its exchange is not there. */
export function unroutable(location: string, { exchange, routingKey }: OutgoingMessage, isExchangeMissing = false): GccflowError {
  const bound =
    exchange === '' ? `there is no queue '${routingKey}'` : `no queue is bound to exchange '${exchange}' with routing key '${routingKey}'`;
  const why = isExchangeMissing ? `there is no exchange '${exchange}'` : bound;
  return new GccflowError('MESSAGE_UNROUTABLE', `${location} stored nothing of a message: ${why}.`, {
    hint: 'Run `gccflow queues apply`, or correct exchange and routing key.',
  });
}

export function refused(location: string, why: string): GccflowError {
  return new GccflowError('MESSAGE_REFUSED', `${location} refused a message: ${why}.`, {
    hint: "Look at the queue's limits, and at what the user may do.",
  });
}

/** There was no answer: `why` says whether the message may be stored. */
export function unanswered(location: string, why: string): GccflowError {
  return new GccflowError('BROKER_UNREACHABLE', `${location}: ${why}.`, { hint: 'Check that it runs and has memory and disk left.' });
}

/**
 * What became of a message that was on its way when its channel was closed; `refusal` is null where the whole connection was lost.
 * The message that the refusal is about was not stored. Of any other nobody knows.
 */
export function lostWithChannel(location: string, message: OutgoingMessage, refusal: RabbitmqRefusal | null): GccflowError {
  if (refusal === null) return unanswered(location, 'the connection was lost before a message was confirmed: it may be stored');
  const [, missing] = /^no exchange '([\s\S]*)' in vhost/.exec(refusal.text) ?? [];
  if (message.exchange === missing) return unroutable(location, message, true);
  const [, forbidden] = /^access to exchange '([\s\S]*)' in vhost/.exec(refusal.text) ?? [];
  const [, bytes] = /^message size (\d+) /.exec(refusal.text) ?? [];
  if (message.exchange === forbidden || message.body.length === Number(bytes)) return refused(location, refusal.text);
  return unanswered(location, `the channel was closed (${refusal.text}) before a message was confirmed: it may be stored`);
}
