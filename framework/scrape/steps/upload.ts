import type { UploadStep } from '../../project/flow-file.ts';
import { fillTemplate } from '../../project/flow-template.ts';
import type { FlowDeps, FlowRecord } from '../flow/flow-deps.ts';
import { TaskFault } from '../task-fault.ts';
import { mapBounded } from './map-bounded.ts';
import { chooseScopes, lookUpIn, readValue, type Scope, type Value } from './scope.ts';
import type { Attempt, CallStep } from './step.ts';

/** Uploads of one task at a time. */
const atOnce = 5;

/** Stores what the URL of each record leads to. */
export function openUpload(step: UploadStep, when: Value | null, file: string, { uploads }: Pick<FlowDeps, 'uploads'>): CallStep {
  const [url, entityId, platform] = [step.url, step.entity_id, step.platform].map((text) => readValue(text, file)) as [Value, Value, Value];
  const upload = async (scope: Scope, attempt: Attempt): Promise<FlowRecord | undefined> => {
    const from = (await url(scope)) ?? '';
    if (from === '') return scope.record;
    const asset = {
      url: textOf(from, 'url', file),
      entityType: fillTemplate(step.entity_type, lookUpIn(scope)) ?? missing('entity_type', file),
      entityId: textOf(await entityId(scope), 'entity_id', file),
      platform: textOf(await platform(scope), 'platform', file),
      maxBytes: step.max_size,
      hosts: step.hosts,
    };
    const stored = await (await uploads()).upload(asset, attempt.signal);
    return step.as === null ? scope.record : { ...scope.record, [step.as]: stored.url };
  };
  return {
    phase: 'call',
    async run(records, attempt) {
      const scopes = await chooseScopes(records, when, attempt);
      const changed = new Map<FlowRecord | undefined, FlowRecord | undefined>();
      await mapBounded(scopes, atOnce, async (scope) => changed.set(scope.record, await upload(scope, attempt)));
      return records.map((record) => changed.get(record) ?? record);
    },
  };
}

function textOf(value: unknown, what: string, file: string): string {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' ? String(value) : missing(what, file);
}

function missing(what: string, file: string): never {
  throw new TaskFault('failed', 'UPLOAD_INCOMPLETE', `An upload has no ${what}.`, { place: file });
}
