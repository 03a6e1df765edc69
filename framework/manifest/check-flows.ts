import { closest, didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { formatDuration } from '../foundation/duration.ts';
import { GccflowError } from '../foundation/error.ts';
import type { ErrorCode } from '../foundation/error-codes.ts';
import { formatLocation, type Location } from '../foundation/location.ts';
import { constantOf } from '../project/expression.ts';
import type { FieldType } from '../project/field-type.ts';
import { readField, typeName } from '../project/field-value.ts';
import type { EnqueueStep } from '../project/flow-file.ts';
import type { LimitEntry } from '../project/limit-entry.ts';
import { placesOf } from '../project/locate-value.ts';
import type { Flow } from '../project/project.ts';

/** Reports what flows say of each other that does not fit together. Those that are enabled. */
export function checkFlows(flows: readonly Flow[], dir: string, diagnostics: Diagnostics): void {
  reportLimits(flows, diagnostics);
  reportPaths(flows, diagnostics);
  const byName = new Map(flows.map((entry) => [entry.flow.name, entry]));
  for (const { flow, at, stepsAt } of flows) {
    flow.process.forEach((step, index) => {
      if (!('enqueue' in step)) return;
      const places = placesOf(dir, at.file);
      const paramAt = (name: string): Location => places.keyAt(['process', index, 'enqueue', 'params', name]);
      checkEnqueue(flow.name, step.enqueue, { at: stepsAt[index] ?? at, paramAt }, byName, diagnostics);
    });
  }
}

/** A key counts for everybody who names it, so that it has one limit. */
function reportLimits(flows: readonly Flow[], diagnostics: Diagnostics): void {
  const byKey = new Map<string, { readonly limit: LimitEntry; readonly at: Location }>();
  for (const { flow, at, limitsAt } of flows) {
    for (const [index, limit] of flow.limits.entries()) {
      const here = limitsAt[index] ?? at;
      const other = byKey.get(limit.key);
      if (!other) byKey.set(limit.key, { limit, at: here });
      else if (wordingOf(other.limit) !== wordingOf(limit)) {
        const message = `The limit '${limit.key}' is ${wordingOf(limit)} here and ${wordingOf(other.limit)} in ${formatLocation(other.at)}.`;
        const hint = 'Who names the same key shares its count: give it the same numbers, or another key.';
        diagnostics.report(new GccflowError('CONFIG_CONFLICT', message, { at: here, hint }));
      }
    }
  }
}

const wordingOf = ({ requests, per, window }: LimitEntry): string => `${requests} in ${formatDuration(per)} (${window})`;

function reportPaths(flows: readonly Flow[], diagnostics: Diagnostics): void {
  const byPath = new Map<string, Flow>();
  for (const entry of flows) {
    const { serve, name } = entry.flow;
    if (serve === null) continue;
    const path = serve.path.replaceAll(/\{[^}]*\}/g, '{}');
    const other = byPath.get(path);
    if (!other) byPath.set(path, entry);
    else {
      const message = `The path '${serve.path}' of the flow '${name}' is also served by '${other.flow.name}' of ${formatLocation(other.serveAt)}.`;
      diagnostics.report(new GccflowError('NAME_DUPLICATE', message, { at: entry.serveAt, hint: 'Give one another path.' }));
    }
  }
}

function checkEnqueue(
  from: string,
  { flow: name, params }: EnqueueStep,
  { at, paramAt }: { readonly at: Location; readonly paramAt: (param: string) => Location },
  byName: ReadonlyMap<string, Flow>,
  diagnostics: Diagnostics,
): void {
  const target = byName.get(name)?.flow;
  const report = (message: string, hint: string | undefined, place = at, code: ErrorCode = 'REF_NOT_FOUND'): void =>
    diagnostics.report(new GccflowError(code, message, { at: place, hint }));
  if (!target) {
    const hint = didYouMean(name, byName.keys()) ?? 'A flow is a file of flows/ with kind: flow, and enabled.';
    report(`Flow '${from}' enqueues tasks of '${name}', which is no flow.`, hint);
    return;
  }
  for (const [param, value] of Object.entries(params)) {
    const field = Object.hasOwn(target.params, param) ? target.params[param] : undefined;
    if (field) {
      const mistake = misfitOf(value, field);
      if (mistake) report(`Flow '${from}' gives '${name}' a '${param}' that is ${mistake}.`, undefined, paramAt(param), 'VALUE_INVALID');
      continue;
    }
    const known = Object.keys(target.params);
    const hint = didYouMean(param, known) ?? `Its params: ${known.join(', ') || 'none'}.`;
    report(`Flow '${from}' gives '${name}' the param '${param}', which it does not have.`, hint, paramAt(param));
  }
  for (const [param, { optional, default: fallback }] of Object.entries(target.params)) {
    if (optional || fallback !== undefined || Object.hasOwn(params, param)) continue;
    const strange = Object.keys(params).filter((given) => !Object.hasOwn(target.params, given));
    if (closest(param, strange) !== undefined) continue; // told under the name it was given
    report(`Flow '${from}' enqueues tasks of '${name}' without the param '${param}', which it needs.`, undefined);
  }
}

/** What is wrong with the value of a param, where that is known: texts are expressions, constant or not, and so is what lists and objects hold. */
function misfitOf(given: unknown, { type }: FieldType): string | null {
  const value = typeof given === 'string' ? constantOf(given)?.value : given;
  const isKnown = ['string', 'number', 'boolean'].includes(typeof value);
  return isKnown && readField(type, value) === undefined ? `${typeName(value)} where ${type} is expected` : null;
}
