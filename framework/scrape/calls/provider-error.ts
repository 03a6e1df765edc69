import { maskSecrets } from './mask.ts';

/** What a provider's body says of an error, in the few forms that are common. */
export interface ProviderError {
  /** Codes and reasons in it, e.g. `quotaExceeded`. */
  readonly codes: readonly string[];
  readonly message: string | null;
  /** The number of an error of Facebook's APIs, which are known by their trace id; null for any other. */
  readonly graphCode: string | null;
}

const maxLength = 200;

/** Reads `error`, `errors[0]` and the body itself for a code and a message; other parts of a body go nowhere. */
export function readProviderError(body: unknown): ProviderError {
  const error = fieldOf(body, 'error');
  const places = [error, first(fieldOf(error, 'errors')), first(fieldOf(body, 'errors')), body];
  const named = (name: string): string[] => places.flatMap((place) => textOf(fieldOf(place, name)));
  const messages = [...named('message'), ...named('detail'), ...textOf(error), ...named('error_description')];
  const [graphCode] = fieldOf(error, 'fbtrace_id') === undefined ? [] : textOf(fieldOf(error, 'code'));
  return { codes: ['reason', 'status', 'code', 'type'].flatMap(named), message: messages[0] ?? null, graphCode: graphCode ?? null };
}

/** e.g. `HTTP 400: Invalid parameter`. Without the message where a secret may be in it. */
export function describeAnswer(status: number, { codes, message }: ProviderError, secrets: readonly string[]): string {
  const [code] = codes.filter((text) => text !== String(status));
  const said = [code, message].filter((text) => text !== undefined && text !== null).join(', ');
  const masked =
    maskSecrets(said, secrets)
      ?.replaceAll(/[\p{Cc}\s]+/gu, ' ')
      .trim() ?? '';
  return masked === '' ? `HTTP ${status}` : `HTTP ${status}: ${masked.slice(0, maxLength)}`;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

function textOf(value: unknown): string[] {
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : [];
}
