import { closest, didYouMean } from '../foundation/closest.ts';
import { messageOf } from '../foundation/error.ts';
import { type Expression, expressionFunctions, parseExpression } from './expression.ts';
import type { FlowFile, FlowStep } from './flow-file.ts';
import type { FlowScope } from './flow-scope.ts';
import { placeholdersOf, textsOf } from './flow-template.ts';
import type { ReportAt, YamlPath } from './parse-yaml.ts';

/** Reports expressions that do not parse, and what expressions and templates of a flow name that is not there. */
export function checkExpressions(flow: FlowFile, scope: FlowScope, report: ReportAt): void {
  checkMapping(flow, scope, report);
  for (const [index, step] of flow.process.entries()) {
    const isOnce = 'enqueue' in step && step.enqueue.once;
    for (const [path, text] of expressionsOf(step)) checkOfStep(text, ['process', index, ...path], scope, isOnce, report);
    for (const [path, text] of templatesOf(step)) {
      for (const name of placeholdersOf(text)) checkReference(name.split('.'), ['process', index, ...path], scope, report);
    }
  }
}

function checkMapping({ parse }: FlowFile, { params }: FlowScope, report: ReportAt): void {
  if (parse === null || typeof parse === 'string') return;
  const texts: [YamlPath, string][] = parse.each === null ? [] : [[['each'], parse.each]];
  for (const key of ['fields', 'page'] as const) {
    for (const [name, text] of Object.entries(parse[key])) texts.push([[key, name], text]);
  }
  for (const [path, text] of texts) {
    const place = ['parse', ...path];
    for (const { isVariable, names } of read(text, place, report)?.references ?? []) {
      const [root, name] = names;
      if (isVariable && root === 'params' && name !== undefined) checkName('param', name, [...params.keys()], place, report);
    }
  }
}

function read(text: string, place: YamlPath, report: ReportAt): Expression | null {
  try {
    const expression = parseExpression(text);
    for (const name of expression.functions.filter((called) => !expressionFunctions.has(called))) {
      const near = closest(name, expressionFunctions);
      report(place, `JSONata has no function '$${name}'.`, near && `Did you mean '$${near}'?`);
    }
    return expression;
  } catch (thrown) {
    report(place, `The expression '${text}' does not parse: ${messageOf(thrown)}.`);
    return null;
  }
}

/** `isOnce`: the step is done for the answer as a whole. */
function checkOfStep(text: string, place: YamlPath, scope: FlowScope, isOnce: boolean, report: ReportAt): void {
  for (const { isVariable, names } of read(text, place, report)?.references ?? []) {
    if (isVariable) continue;
    if (isOnce && names[0] === 'record') report(place, 'One task for the whole answer knows page and params, and no record.');
    else checkReference(names, place, scope, report);
  }
}

/** Steps know the record, the page and the params. */
function checkReference(
  [root = '', name]: readonly string[],
  place: YamlPath,
  { record, page, params }: FlowScope,
  report: ReportAt,
): void {
  switch (root) {
    case 'record':
      if (name !== undefined && record !== null) checkName('field', name, [...record.keys()], place, report);
      break;
    case 'page':
      if (name !== undefined && page !== null) checkName('part of the page', name, [...page], place, report);
      break;
    case 'params':
      if (name !== undefined) checkName('param', name, [...params.keys()], place, report);
      break;
    default: {
      const home = record?.has(root) ? `record.${root}` : params.has(root) ? `params.${root}` : null;
      const hint = home === null ? `A text that is meant as it is stands in quotes of its own: '"${root}"'.` : `Write ${home}.`;
      report(place, `A step knows record, page and params, and not '${root}'.`, hint);
    }
  }
}

function checkName(what: string, name: string, known: readonly string[], place: YamlPath, report: ReportAt): void {
  if (known.includes(name)) return;
  const hint = didYouMean(name, known) ?? (known.length === 0 ? undefined : `There are: ${known.join(', ')}.`);
  report(place, `The flow has no ${what} '${name}'.`, hint);
}

/** The expressions of a step, and where each stands in it. */
function expressionsOf(step: FlowStep): readonly [YamlPath, string][] {
  const when: [YamlPath, string][] = step.when === null ? [] : [[['when'], step.when]];
  return [...when, ...ownExpressions(step)];
}

function ownExpressions(step: FlowStep): readonly [YamlPath, string][] {
  const below = (path: YamlPath, value: unknown): [YamlPath, string][] =>
    [...textsOf(value)].map(([inner, text]) => [[...path, ...inner], text]);
  if ('upsert' in step) return below(['upsert', 'columns'], step.upsert.columns);
  if ('emit' in step) return below(['emit', 'body'], step.emit.body);
  if ('enqueue' in step) return below(['enqueue', 'params'], step.enqueue.params);
  if ('http' in step) return below(['http', 'body'], step.http.body);
  if (!('upload' in step)) return [];
  return (['url', 'entity_id', 'platform'] as const).map((key) => [['upload', key], step.upload[key]]);
}

function templatesOf(step: FlowStep): readonly [YamlPath, string][] {
  if ('http' in step) return [[['http', 'path'], step.http.path]];
  return 'upload' in step ? [[['upload', 'entity_type'], step.upload.entity_type]] : [];
}
