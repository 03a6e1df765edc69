import type { FlowNode } from '../../manifest/manifest.ts';
import type { FlowStep } from '../../project/flow-file.ts';
import type { FlowScope } from '../../project/flow-scope.ts';
import type { FlowDeps } from '../flow/flow-deps.ts';
import { openEmit } from './emit.ts';
import { openEnqueue } from './enqueue.ts';
import { openHttp } from './http.ts';
import { openRun } from './run.ts';
import { readValue } from './scope.ts';
import type { OpenStep, StepPlace } from './step.ts';
import { openUpload } from './upload.ts';
import { openUpsert } from './upsert.ts';

/** Makes a step of a flow ready; a module that it names is loaded. Throws FILE_UNREADABLE. */
export async function openStep(step: FlowStep, place: StepPlace & { readonly scope: FlowScope }, deps: FlowDeps): Promise<OpenStep> {
  const { file } = place;
  const when = step.when === null ? null : readValue(step.when, file);
  if ('upsert' in step) return openUpsert(step.upsert, when, place, deps);
  if ('emit' in step) return openEmit(step.emit, when, file);
  if ('upload' in step) return openUpload(step.upload, when, file, deps);
  if ('enqueue' in step) return openEnqueue(step.enqueue, when, file, deps);
  if ('http' in step) return openHttp(step.http, when, file, deps);
  return openRun(step.run, when, place, deps);
}

/** The APIs that a flow names, each once; those of `retrieve` first. */
export function apisOf({ flow, file }: FlowNode, apis: FlowDeps['apis']) {
  const called = flow.process.flatMap((step) => ('http' in step ? [step.http.api] : []));
  return [...new Set([...(flow.retrieve?.api ?? []), ...called])].map((name) => {
    const api = apis.get(name);
    if (!api) throw new Error(`the API '${name}' of ${file} is not known`);
    return api;
  });
}
