import { GccflowError } from '../../foundation/error.ts';

/** What PostgreSQL's errors are for those who know the limiter alone; all else passes as it is. */
export function limiterError(doing: string, thrown: unknown): unknown {
  if (!(thrown instanceof GccflowError) || !/^POSTGRES_/.test(thrown.code)) return thrown;
  return new GccflowError('LIMITER_UNREACHABLE', `The PostgreSQL of the limiter failed while ${doing}: ${thrown.message}`, {
    ...(thrown.hint !== undefined && { hint: thrown.hint }),
    cause: thrown,
  });
}
