import { GccflowError } from '../foundation/error.ts';

/** The error of something that did not come to its end for no reason of its own: PostgreSQL is away, full, or the connection was lost. */
export function brokerUnreachable(doing: string, location: string, reason: string, cause?: GccflowError): GccflowError {
  return new GccflowError('BROKER_UNREACHABLE', `${location} failed while ${doing}: ${reason.replace(/\.$/, '')}.`, {
    hint: cause?.hint ?? 'The connection is made again by itself; try again.',
    cause,
  });
}

/** What PostgreSQL's errors are for those who know the broker alone; all else passes as it is. */
export function brokerError(doing: string, location: string, thrown: unknown): unknown {
  if (!(thrown instanceof GccflowError) || !/^POSTGRES_/.test(thrown.code)) return thrown;
  return brokerUnreachable(doing, location, thrown.message, thrown);
}

export function queueNotFound(queue: string, location: string): GccflowError {
  return new GccflowError('QUEUE_NOT_FOUND', `${location} has no queue '${queue}'.`, { hint: 'Run `gccflow queues apply` to declare it.' });
}

export function connectionLost(): GccflowError {
  return new GccflowError('BROKER_UNREACHABLE', 'The connection to the queues was lost.', {
    hint: 'It is made again by itself; try again.',
  });
}
