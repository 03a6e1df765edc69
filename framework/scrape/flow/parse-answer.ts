import { dirname, join } from 'node:path';
import type { FlowNode } from '../../manifest/manifest.ts';
import { typeName } from '../../project/field-value.ts';
import { importDefault } from '../../project/import-default.ts';
import type { Parse, ParseContext, Parsed } from '../steps/flow-module.ts';
import { mappingParser } from './parse-mapping.ts';
import { shapeFault } from './shape-fault.ts';

/** What an answer holds, not yet compared with `output`. */
export interface RawRecords {
  readonly records: readonly unknown[];
  readonly page: Readonly<Record<string, unknown>>;
  /** Why a field of a record has no value, e.g. `data.count is missing`; null where nobody knows. */
  readonly whyMissing: (index: number, field: string) => string | null;
}

export type AnswerParser = (body: unknown, context: ParseContext) => Promise<RawRecords>;

/** Makes ready what a flow says of parsing; its module is loaded. Throws FILE_UNREADABLE. */
export async function openParser({ flow, file }: FlowNode, projectDir: string): Promise<AnswerParser> {
  if (flow.parse === null) return async (body) => rawRecords(Array.isArray(body) ? body : [body], {});
  if (typeof flow.parse !== 'string') return mappingParser(flow.parse, file);
  const place = join(dirname(file), flow.parse);
  const parse = (await importDefault('parser', join(projectDir, place))) as Parse;
  return async (body, context) => readResult(await parse(body, context), place);
}

function readResult(result: unknown, place: string): RawRecords {
  if (result === null) return rawRecords([], {});
  if (Array.isArray(result)) return rawRecords(result, {});
  if (typeName(result) !== 'object') throw shapeFault(`the parser gave ${typeName(result)} where records are expected`, place);
  return isParsed(result) ? rawRecords(result.records, result.page) : rawRecords([result], {});
}

function isParsed(result: unknown): result is Parsed {
  const { records, page } = result as { readonly records?: unknown; readonly page?: unknown };
  return Array.isArray(records) && typeName(page) === 'object';
}

function rawRecords(records: readonly unknown[], page: Readonly<Record<string, unknown>>): RawRecords {
  return { records, page, whyMissing: () => null };
}
