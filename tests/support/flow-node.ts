import type { ApiNode, FlowNode } from '../../framework/manifest/manifest.ts';
import { ApiFile } from '../../framework/project/api-file.ts';
import { FlowFile } from '../../framework/project/flow-file.ts';

/** A flow as its file would give it, of what is written in YAML besides its kind. */
export function flowFile(written: Readonly<Record<string, unknown>>): FlowFile {
  return FlowFile.parse({ kind: 'flow', name: 'refresh', ...written });
}

/** The same as a node of `flows/NAME.yaml`. */
export function flowNode(written: Readonly<Record<string, unknown>>): FlowNode {
  const flow = flowFile(written);
  return { kind: 'flow', id: `flow.${flow.name}`, ...commonOf(flow.name, 'flows'), flow };
}

/** An API as its file would give it. */
export function apiNode(written: Readonly<Record<string, unknown>>): ApiNode {
  const api = ApiFile.parse({ kind: 'api', base_url: 'http://127.0.0.1:1', ...written });
  return { kind: 'api', id: `api.${api.name}`, ...commonOf(api.name, 'sources'), api };
}

function commonOf(name: string, folder: string) {
  const file = `${folder}/${name}.yaml`;
  return { name, fqn: ['shop', folder, name], tags: [], meta: {}, description: '', file, at: { file, line: 1, column: 1 } };
}
