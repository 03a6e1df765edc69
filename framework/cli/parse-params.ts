import { GccflowError, messageOf } from '../foundation/error.ts';
import type { FieldKind } from '../project/field-type.ts';
import type { FlowFile } from '../project/flow-file.ts';

/**
 * Params as they are typed on the command line: JSON objects, and `name=value` where a value is read as the flow's param is declared.
 * Whether they fit is not looked at here. Throws USAGE for what is neither.
 */
export function parseParams(texts: readonly string[], flow: Pick<FlowFile, 'params'>): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const text of texts) Object.assign(params, text.trimStart().startsWith('{') ? parseObject(text) : parsePair(text, flow));
  return params;
}

function parseObject(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch (thrown) {
    throw new GccflowError('USAGE', `The JSON of '--params' does not parse: ${messageOf(thrown)}.`, { hint });
  }
}

const hint = `Write for example --params handle=nike, or --params '{"handle": "nike"}'.`;

function parsePair(text: string, flow: Pick<FlowFile, 'params'>): Record<string, unknown> {
  const [, name, value] = /^([^=\s]+)=([\s\S]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new GccflowError('USAGE', `'--params' takes a JSON object or NAME=VALUE, not '${text}'.`, { hint });
  }
  return { [name]: readText(value, Object.hasOwn(flow.params, name) ? flow.params[name]?.type : undefined) };
}

/** A text as a value of a param's type. One that does not read as that stays a text, and is refused as such. */
export function readText(text: string, kind: FieldKind | undefined): unknown {
  if (kind === undefined || kind === 'string' || (kind === 'timestamp' && !/^\d+(\.\d+)?$/.test(text))) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
