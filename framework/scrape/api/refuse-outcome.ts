import type { Settlement, TaskError } from '../queue/task.ts';
import { Refusal } from './refusal.ts';

/** A task has to wait for these longer than a request may. */
const limits = new Set(['LIMIT_REACHED', 'RATE_LIMITED', 'API_BUSY']);
const timeouts = new Set(['HTTP_TIMEOUT', 'TASK_TIMEOUT']);
/** What a provider did, as far as it has no name of its own. */
const provider = /^(HTTP_|ASSET_|BODY_|PARSE_SHAPE$)/;
const params = new Set(['PARAMS_INVALID', 'PATH_UNFIT', 'REQUEST_INVALID']);
const leastWaitMs = 1000;

/** What a request is told whose task did not complete. */
export function refusalOf(settlement: Exclude<Settlement, { kind: 'complete' }>, task: string): Refusal {
  if (settlement.kind === 'returned') {
    const { code, reason, waitMs } = settlement;
    const kind = limits.has(code ?? '') ? 'rate_limited' : 'unavailable';
    return new Refusal(kind, sentence(reason), { task, code, retryAfterMs: Math.max(leastWaitMs, waitMs) });
  }
  const { code, message } = settlement.error;
  return new Refusal(kindOf(settlement.error), sentence(message), { task, code });
}

function kindOf({ code }: TaskError): Refusal['kind'] {
  if (code === 'NOT_FOUND') return 'not_found';
  if (timeouts.has(code)) return 'provider_timeout';
  if (params.has(code)) return 'invalid';
  return provider.test(code) ? 'provider_failed' : 'failed';
}

/** A text that begins with a path, as `records[0].name`, is left as it is. */
function sentence(text: string): string {
  const begun = /^\p{L}+[ ,]/u.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
