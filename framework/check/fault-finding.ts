import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import type { Node } from '../manifest/manifest.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import type { EngineAnswer } from './check-engine.ts';
import type { Finding } from './finding.ts';

/** What ClickHouse refused, or went down with. */
export type Fault = Exclude<EngineAnswer, { readonly kind: 'rows' }>;

export function errorFinding(node: Node, error: GccflowError): Finding {
  return { severity: 'error', node: node.id, error };
}

/** A statement that the engine did not survive. */
export function lostFinding(node: Node, { why }: Fault & { readonly kind: 'lost' }): Finding {
  const what = why === 'crashed' ? 'ended the engine' : 'was not analysed in time';
  const message = `${subjectOf(node)} could not be checked: its SQL ${what}.`;
  const hint = 'Take its parts out one after another to find the one that does it; the other nodes were checked.';
  return errorFinding(node, new GccflowError('CHECK_SQL', message, { at: node.at, hint }));
}

/** Whatever was thrown about a node, at a better place where one is known; what is a bug is thrown on. */
export function thrownFinding(node: Node, thrown: unknown, place?: Location): Finding {
  if (!(thrown instanceof GccflowError)) throw thrown;
  const { code, message, hint, cause, at } = thrown;
  return errorFinding(node, new GccflowError(code, message, { at: place ?? at ?? node.at, hint, cause }));
}
