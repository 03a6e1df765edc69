import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import { bindingMatches } from '../project/binding.ts';
import type { FlowFile, FlowStep } from '../project/flow-file.ts';
import type { Api, Flow, Project, Sink } from '../project/project.ts';
import type { Declared } from './build-nodes.ts';
import { streamCommon } from './build-streams.ts';
import { checkFlows } from './check-flows.ts';
import type { ApiNode, FlowNode, NodeId } from './manifest.ts';
import type { Resolver } from './resolve-refs.ts';

/** The upstream APIs. */
export function buildApis(project: Project): Declared<ApiNode>[] {
  return project.apis.map(({ api, at }) => ({
    enabled: api.enabled,
    node: { kind: 'api', id: `api.${api.name}`, ...streamCommon(api, at, project), api },
  }));
}

/** The flows, with the exchange of every event filled in. Reports what they name that is not there, and what two of them contradict each other in. */
export function buildFlows(project: Project, diagnostics: Diagnostics): Declared<FlowNode>[] {
  const enabled = project.flows.filter(({ flow }) => flow.enabled);
  checkFlows(enabled, project.dir, diagnostics);
  return project.flows.map((entry) => {
    const flow = entry.flow.enabled ? resolveExchanges(entry, project, diagnostics) : entry.flow;
    return { enabled: flow.enabled, node: { kind: 'flow', id: `flow.${flow.name}`, ...streamCommon(flow, entry.at, project), flow } };
  });
}

/** Puts flows into the graph: a flow reads the APIs it calls. Reports APIs that are not there. */
export function linkFlows(project: Project, resolver: Resolver, diagnostics: Diagnostics): void {
  for (const entry of project.flows.filter(({ flow }) => flow.enabled)) {
    const parents = apisOf(entry).flatMap(({ name, at }): NodeId[] => {
      const api = project.apis.find((candidate) => candidate.api.name === name);
      if (api?.api.enabled) return [`api.${name}`];
      diagnostics.report(apiNotFound(entry, name, at, api, project));
      return [];
    });
    resolver.setParents(`flow.${entry.flow.name}`, parents);
  }
}

interface NamedApi {
  readonly name: string;
  readonly at: Location;
}

/** Every API that a flow names, and where. */
function apisOf({ flow, at, apisAt, stepsAt }: Flow): NamedApi[] {
  const retrieved = (flow.retrieve?.api ?? []).map((name, index) => ({ name, at: apisAt[index] ?? at }));
  const called = flow.process.flatMap((step, index) => ('http' in step ? [{ name: step.http.api, at: stepsAt[index] ?? at }] : []));
  return [...retrieved, ...called];
}

function apiNotFound({ flow }: Flow, name: string, at: Location, disabled: Api | undefined, { apis }: Project): GccflowError {
  const subject = `Flow '${flow.name}' calls the API '${name}'`;
  if (disabled) {
    return new GccflowError('REF_NOT_FOUND', `${subject}, which is disabled.`, { at, hint: 'Enable it, or disable what calls it too.' });
  }
  const near = didYouMean(
    name,
    apis.map(({ api }) => api.name),
  );
  const hint = near ?? `Declare it in a file of sources/ with kind: api and name: ${name}.`;
  return new GccflowError('REF_NOT_FOUND', `${subject}, which no file defines.`, { at, hint });
}

/** The flow with the exchange of every emit filled in that names none. */
function resolveExchanges({ flow, at, stepsAt }: Flow, project: Project, diagnostics: Diagnostics): FlowFile {
  const steps = flow.process.map((step, index): FlowStep => {
    if (!('emit' in step) || step.emit.exchange !== null) return step;
    const exchange = exchangeOf(step.emit.routing_key, flow, stepsAt[index] ?? at, project, diagnostics);
    return { ...step, emit: { ...step.emit, exchange } };
  });
  return { ...flow, process: steps };
}

/** The one exchange that sinks are bound to by a routing key; null after reporting. */
function exchangeOf(routingKey: string, flow: FlowFile, at: Location, { sinks }: Project, diagnostics: Diagnostics): string | null {
  const enabled = sinks.filter(({ sink }) => sink.enabled);
  const exchanges = exchangesBoundBy(routingKey, enabled);
  const [exchange, ...others] = exchanges;
  if (exchange !== undefined && others.length === 0) return exchange;
  const subject = `Flow '${flow.name}' emits '${routingKey}'`;
  if (exchange === undefined) {
    const keys = enabled.flatMap(({ sink }) => sink.queue.routing_keys);
    const hint =
      didYouMean(routingKey, keys) ?? `Declare a sink that is bound by it, or an exchange: { routing_key: ${routingKey}, exchange: … }.`;
    diagnostics.report(new GccflowError('REF_NOT_FOUND', `${subject}, by which no sink's queue is bound.`, { at, hint }));
  } else {
    const message = `${subject}, by which queues are bound to several exchanges: ${exchanges.join(', ')}.`;
    const hint = `Say which one: { routing_key: ${routingKey}, exchange: ${exchange} }.`;
    diagnostics.report(new GccflowError('CONFIG_CONFLICT', message, { at, hint }));
  }
  return null;
}

/** Exchanges of queues whose bindings are the routing key itself; where there are none, of those whose patterns match it. */
function exchangesBoundBy(routingKey: string, sinks: readonly Sink[]): readonly string[] {
  const queues = sinks.map(({ sink }) => sink.queue).filter(({ exchange_type }) => exchange_type !== 'fanout');
  const exact = queues.filter(({ routing_keys }) => routing_keys.includes(routingKey));
  const matching = queues.filter(({ exchange_type, routing_keys }) =>
    routing_keys.some((binding) => bindingMatches(exchange_type, binding, routingKey)),
  );
  return [...new Set((exact.length > 0 ? exact : matching).flatMap(({ exchange }) => exchange ?? []))].sort();
}
