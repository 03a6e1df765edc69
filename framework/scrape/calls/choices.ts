import type { ApiNode } from '../../manifest/manifest.ts';
import type { Credential, CredentialStore } from '../credentials/credential-store.ts';
import type { Level } from '../limits/limiter.ts';
import { TaskFault } from '../task-fault.ts';
import type { ApiCall } from './api-calls.ts';
import type { ApiGate } from './api-gate.ts';
import { apiLevels, credentialLevels } from './api-levels.ts';
import { secretNames } from './auth.ts';

/** One way to make a call. */
export interface Choice {
  readonly node: ApiNode;
  readonly path: string;
  readonly gate: ApiGate;
  readonly credential: Credential | null;
  readonly levels: readonly Level[];
}

/** Why an API cannot be called, and for how long; null where only somebody can change that. */
export interface ClosedApi {
  readonly api: string;
  readonly code: 'CIRCUIT_OPEN' | 'RATE_LIMITED' | 'NO_CREDENTIAL';
  readonly reason: string;
  readonly waitMs: number | null;
}

export interface Choices {
  /** In the order of preference. */
  readonly open: readonly Choice[];
  readonly closed: readonly ClosedApi[];
}

/** What a call has tried already, and does not try again. */
export interface Tried {
  readonly apis: Set<string>;
  readonly credentials: Set<string>;
}

export interface ChoiceDeps {
  readonly credentials: Pick<CredentialStore, 'usable' | 'nextUsableInMs'>;
  readonly gateOf: (node: ApiNode) => ApiGate;
}

/** Of a source with thousands of credentials this many are offered to the limiter, which looks at each. They are a new random choice every time. */
const mostCredentials = 32;
/** How long a task waits for somebody to enable a credential. */
const unattendedMs = 300_000;
const leastWaitMs = 1000;

/** Finds the ways to make a call: the APIs in their order, each with its usable credentials in random order. */
export async function findChoices(
  { choices, stickyTo }: Pick<ApiCall, 'choices' | 'stickyTo'>,
  tried: Tried,
  { credentials, gateOf }: ChoiceDeps,
): Promise<Choices> {
  const open: Choice[] = [];
  const closed: ClosedApi[] = [];
  for (const { api: node, path } of choices.filter(({ api }) => !tried.apis.has(api.name))) {
    const gate = gateOf(node);
    if (gate.closedForMs > 0) closed.push(closedGate(node.name, gate));
    else if (node.api.credentials === null && secretNames(node.api.auth).length === 0) {
      open.push({ node, path, gate, credential: null, levels: apiLevels(node) });
    } else {
      const usable = await credentialsFor(node, stickyTo, tried, credentials);
      const levels = apiLevels(node);
      for (const credential of usable)
        open.push({ node, path, gate, credential, levels: [...levels, ...credentialLevels(node, credential.id)] });
      if (usable.length === 0) closed.push(await withoutCredential(node, stickyTo, credentials));
    }
  }
  return { open, closed };
}

async function credentialsFor(
  { api }: ApiNode,
  stickyTo: string | null,
  tried: Tried,
  credentials: ChoiceDeps['credentials'],
): Promise<readonly Credential[]> {
  if (api.credentials === null) return [];
  const needed = secretNames(api.auth);
  const wanted = api.credentials.sticky ? stickyTo : null;
  const usable = await credentials.usable(api.credentials.source);
  return usable
    .filter(({ id }) => !tried.credentials.has(id) && (wanted === null || id === wanted))
    .filter(({ secrets }) => needed.every((name) => Object.hasOwn(secrets, name)))
    .slice(0, mostCredentials);
}

function closedGate(api: string, gate: ApiGate): ClosedApi {
  const waitMs = gate.closedForMs;
  if (gate.isBroken) return { api, code: 'CIRCUIT_OPEN', reason: 'has failed several times in a row', waitMs };
  return { api, code: 'RATE_LIMITED', reason: 'has asked for a pause', waitMs };
}

async function withoutCredential(
  { name, api }: ApiNode,
  stickyTo: string | null,
  credentials: ChoiceDeps['credentials'],
): Promise<ClosedApi> {
  const closed = { api: name, code: 'NO_CREDENTIAL' } as const;
  if (api.credentials === null) return { ...closed, reason: 'has an auth that needs credentials, and declares none', waitMs: null };
  const { source, sticky } = api.credentials;
  const waitMs = await credentials.nextUsableInMs(source);
  // The next attempt begins anew, with any other.
  if (waitMs === 0 && sticky && stickyTo !== null)
    return { ...closed, reason: 'may not use the credential that the task began with', waitMs };
  // Usable, and of no use here: a secret that the API shows is missing.
  if (waitMs === 0) return { ...closed, reason: `has no credential of '${source}' that fits`, waitMs: null };
  return { ...closed, reason: `has no usable credential of '${source}'`, waitMs };
}

/** The task's fault, which it is not, where nothing is left to choose from. */
export function nothingToChoose(closed: readonly ClosedApi[]): TaskFault {
  const waitOf = ({ waitMs }: ClosedApi): number => waitMs ?? unattendedMs;
  const [first] = closed.toSorted((one, other) => waitOf(one) - waitOf(other));
  const reasons = closed.map(({ api, reason }) => `'${api}' ${reason}`).join('; ');
  const waitMs = Math.max(leastWaitMs, first === undefined ? 0 : waitOf(first));
  return new TaskFault('returned', first?.code ?? 'NO_CREDENTIAL', reasons || 'no API is left to be called', { waitMs });
}
