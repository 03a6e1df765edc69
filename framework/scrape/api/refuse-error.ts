import { GccflowError } from '../../foundation/error.ts';
import { Refusal, type RefusalKind } from './refusal.ts';

/** An error of the HTTP server. */
interface ServerError extends Error {
  readonly statusCode?: number;
  /** What does not fit the schema of a route; */
  readonly validation?: readonly Mistake[];
  /** and where: `body`, `querystring`, `params`. */
  readonly validationContext?: string;
}

interface Mistake {
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

const kindsByStatus: Readonly<Record<number, RefusalKind>> = { 400: 'invalid', 413: 'too_large', 415: 'media_type' };
const contexts: Readonly<Record<string, string>> = { querystring: 'query' };
const awayMs = 5000;

/** What is told of an error that a request ended with; null for a bug. */
export function refusalOfError(error: ServerError): Refusal | null {
  if (error instanceof Refusal) return error;
  if (error instanceof GccflowError) {
    if (error.code !== 'POSTGRES_UNREACHABLE') return null;
    return new Refusal('unavailable', error.message, { code: error.code, retryAfterMs: awayMs });
  }
  const { validation = [], validationContext: context, statusCode = 500, message } = error;
  const [mistake] = validation;
  if (mistake) {
    const said = validation.map((each) => `'${pathOf(context, each)}' ${each.message ?? 'does not fit'}.`);
    return new Refusal('invalid', said.join(' '), { path: pathOf(context, mistake) });
  }
  const kind = kindsByStatus[statusCode];
  return kind === undefined ? null : new Refusal(kind, `${message.replace(/\.$/, '')}.`);
}

/** e.g. `query.limit`. */
function pathOf(context = '', { instancePath, params }: Mistake): string {
  const named = params.missingProperty ?? params.additionalProperty;
  const keys = instancePath.split('/').slice(1);
  return [contexts[context] ?? context, ...keys, ...(named === undefined ? [] : [String(named)])].join('.');
}
