import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { checkExpressions } from './check-flow-expressions.ts';
import { checkUpserts } from './check-upserts.ts';
import type { FieldType } from './field-type.ts';
import { readField, typeName } from './field-value.ts';
import type { FlowFile } from './flow-file.ts';
import { scopeOf } from './flow-scope.ts';
import { placeholdersOf, textsOf } from './flow-template.ts';
import type { ReportAt, YamlDocument, YamlPath } from './parse-yaml.ts';

/** Reports what contradicts itself within the file of a flow. What flows say of each other is the manifest's business. */
export function checkFlow(flow: FlowFile, document: YamlDocument, diagnostics: Diagnostics): void {
  const report: ReportAt = (path, message, hint) =>
    diagnostics.report(new GccflowError('VALUE_INVALID', message, { at: document.at(path), hint }));
  const scope = scopeOf(flow);
  checkDefaults(flow, report);
  checkParse(flow, report);
  checkRetrieve(flow, report);
  checkKeys(flow, report);
  checkServe(flow, report);
  checkExpressions(flow, scope, report);
  checkUpserts(flow, scope, report);
}

function checkDefaults({ params, output }: FlowFile, report: ReportAt): void {
  for (const [key, fields] of Object.entries({ params, output: output ?? {} })) {
    for (const [name, { type, default: fallback }] of Object.entries(fields)) {
      if (fallback === undefined || fallback === null || readField(type, fallback) !== undefined) continue;
      report([key, name, 'default'], `The default of '${name}' is ${typeName(fallback)} where ${type} is expected.`);
    }
  }
}

/** A mapping makes what `output` declares, no less and no more. */
function checkParse({ retrieve, parse, output }: FlowFile, report: ReportAt): void {
  if (parse === null) return;
  if (retrieve === null) report(['parse'], 'There is nothing to parse without `retrieve`: the record of the flow is its params.');
  if (typeof parse === 'string' || output === null) return;
  for (const name of Object.keys(parse.fields).filter((field) => !Object.hasOwn(output, field))) {
    report(['parse', 'fields', name], `'${name}' is none of the fields of output.`, didYouMean(name, Object.keys(output)));
  }
  for (const [name, field] of Object.entries(output)) {
    if (!isNeeded(field) || Object.hasOwn(parse.fields, name)) continue;
    report(['output', name], `The mapping has no '${name}', which output needs.`, 'Add it to fields, or end its type in a ?.');
  }
}

const isNeeded = ({ optional, default: fallback }: FieldType): boolean => !optional && fallback === undefined;

/** Params are all that a call knows. One that may be missing leaves out a query, a header or a value, but cannot leave a hole in a path. */
function checkRetrieve({ retrieve, params }: FlowFile, report: ReportAt): void {
  if (retrieve === null) return;
  const { api, path, paths, query, headers, body } = retrieve;
  checkTemplate(path, ['retrieve', 'path'], params, 'needed', report);
  for (const [name, text] of Object.entries(paths)) {
    checkTemplate(text, ['retrieve', 'paths', name], params, 'needed', report);
    if (!text.startsWith('/')) report(['retrieve', 'paths', name], `'${name}': a path that begins with / is expected.`);
    if (!api.includes(name)) report(['retrieve', 'paths', name], `'${name}' is none of the APIs of \`api\`.`, didYouMean(name, api));
  }
  for (const [name, value] of Object.entries(query)) {
    if (typeof value === 'string') checkTemplate(value, ['retrieve', 'query', name], params, 'any', report);
  }
  for (const [name, text] of Object.entries(headers)) checkTemplate(text, ['retrieve', 'headers', name], params, 'any', report);
  for (const [path, text] of textsOf(body)) checkTemplate(text, ['retrieve', 'body', ...path], params, 'any', report);
}

function checkKeys({ limits, account, unique, params }: FlowFile, report: ReportAt): void {
  const seen = new Set<string>();
  for (const [index, { key }] of limits.entries()) {
    checkTemplate(key, ['limits', index, 'key'], params, 'needed', report);
    if (seen.has(key)) report(['limits', index, 'key'], `The limit '${key}' stands above already.`);
    seen.add(key);
  }
  if (account !== null) checkTemplate(account, ['account'], params, 'any', report);
  for (const [index, name] of unique.entries()) {
    if (!Object.hasOwn(params, name)) report(['unique', index], ...unknownParam(name, params));
  }
}

/** Every request has to give all params that a task needs. */
function checkServe({ serve, params }: FlowFile, report: ReportAt): void {
  if (serve === null) return;
  const inPath = placeholdersOf(serve.path);
  for (const name of inPath.filter((param) => !Object.hasOwn(params, param))) report(['serve', 'path'], ...unknownParam(name, params));
  for (const [name, value] of Object.entries(serve.params)) {
    const field = params[name];
    if (!field) report(['serve', 'params', name], ...unknownParam(name, params));
    else if (value !== null && readField(field.type, value) === undefined) {
      report(['serve', 'params', name], `The param '${name}' is ${typeName(value)} where ${field.type} is expected.`);
    }
  }
  const given = new Set([...inPath, ...Object.keys(serve.params)]);
  for (const [name, field] of Object.entries(params)) {
    if (isNeeded(field) && !given.has(name)) report(['serve', 'path'], `No request could give the param '${name}', which a task needs.`);
  }
}

/** Reports names between braces that are no params, or params that may be missing where the text needs them. */
function checkTemplate(template: string, path: YamlPath, params: FlowFile['params'], use: 'needed' | 'any', report: ReportAt): void {
  for (const name of placeholdersOf(template)) {
    const field = Object.hasOwn(params, name) ? params[name] : undefined;
    if (!field) report(path, ...unknownParam(name, params));
    else if (use === 'needed' && field.optional && field.default === undefined) {
      report(path, `The param '${name}' may be missing, and '${template}' needs it.`, 'Give it a default, or take the ? from its type.');
    }
  }
}

function unknownParam(name: string, params: FlowFile['params']): [string, string | undefined] {
  const known = Object.keys(params);
  return [
    `The flow has no param '${name}'.`,
    didYouMean(name, known) ?? (known.length === 0 ? undefined : `Its params: ${known.join(', ')}.`),
  ];
}
