import { formatDuration } from '../../foundation/duration.ts';
import { HttpFault, type Timeouts } from './http-client.ts';
import { RefusedAddress } from './public-address.ts';

const unsent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_PRX_CONN'];
const lost = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];

/** Whether no connection was made, so that nothing can have been sent. */
export function wasUnsent(thrown: unknown): boolean {
  return unsent.includes(codeOf(thrown));
}

/** Whether the connection was lost after it was made. */
export function wasLost(thrown: unknown): boolean {
  return lost.includes(codeOf(thrown));
}

/**
 * What the client's library threw, in words of ours. Its own error goes no further: texts and fields of it may hold what was sent or
 * received.
 */
export function toHttpFault(thrown: unknown, host: string, timeouts: Timeouts): HttpFault {
  if (thrown instanceof HttpFault) return thrown;
  if (thrown instanceof RefusedAddress) return new HttpFault('refused_address', thrown.message);
  const [kind, reason] = explain(codeOf(thrown), timeouts);
  return new HttpFault(kind, `${host} ${reason}`);
}

export function totalTimeFault(host: string, { totalMs }: Timeouts): HttpFault {
  return new HttpFault('timeout', `${host} had not answered whole after ${formatDuration(totalMs)}`);
}

function explain(code: string, timeouts: Timeouts): readonly [HttpFault['kind'], string] {
  switch (code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return ['timeout', `took no connection within ${formatDuration(timeouts.connectMs)}`];
    case 'UND_ERR_HEADERS_TIMEOUT':
      return ['timeout', `did not begin to answer within ${formatDuration(timeouts.headersMs)}`];
    case 'UND_ERR_BODY_TIMEOUT':
      return ['timeout', `fell silent for ${formatDuration(timeouts.bodyMs)} within its answer`];
    case 'ECONNREFUSED':
      return ['unreachable', 'refuses connections'];
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return ['unreachable', `has no address (${code})`];
    case 'UND_ERR_ABORTED':
      // Nobody here broke off: who calls has looked for that.
      return ['unreachable', 'was not let through by the proxy'];
    case 'UND_ERR_REDIRECT_MAX':
      return ['broken', 'redirects more than five times'];
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return ['broken', 'sent less or more than it had said'];
  }
  if (lost.includes(code)) return ['broken', 'closed the connection before its answer was whole'];
  if (code.startsWith('Z_') || code.startsWith('ERR_BROTLI') || code.startsWith('ZSTD_')) {
    return ['broken', 'sent a body that cannot be decompressed'];
  }
  if (code.startsWith('HPE_')) return ['broken', `sent what is no HTTP (${code})`];
  if (unsent.includes(code) || /CERT|TLS|SSL|SELF_SIGNED|VERIFY/.test(code)) return ['unreachable', `cannot be reached (${code})`];
  return ['broken', `could not be asked (${code})`];
}

/** e.g. `ECONNRESET`. Of several attempts, as those for the addresses of one name, the error as a whole or the first of them has one. */
function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'UNKNOWN';
  const code: unknown = 'code' in thrown ? thrown.code : undefined;
  if (typeof code === 'string') return code;
  return thrown instanceof AggregateError ? codeOf(thrown.errors[0]) : thrown.name;
}
