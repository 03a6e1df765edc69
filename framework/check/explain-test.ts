import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import type { Manifest, TestNode } from '../manifest/manifest.ts';
import { renderMapped } from '../manifest/render-sql.ts';
import type { Project } from '../project/project.ts';
import { TestConfig } from '../project/test-config.ts';
import { countSql } from '../run/run-test.ts';
import type { CheckEngine } from './check-engine.ts';
import { explainFault } from './explain-fault.ts';
import { explainSql, planForm } from './explain-sql.ts';
import { errorFinding, type Fault, lostFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { placeFault } from './place-fault.ts';
import { placeOfText } from './text-place.ts';

/** What tests are explained with. */
export interface TestContext {
  readonly manifest: Manifest;
  readonly project: Project;
  readonly engine: CheckEngine;
}

/** What ClickHouse refuses of a test's own SQL: at the argument or the `where` of its declaration that holds the mistake, or in the file of the test. */
export async function explainTest(test: TestNode, sql: string, fault: Fault, context: TestContext): Promise<readonly Finding[]> {
  const { manifest, engine } = context;
  if (fault.kind === 'lost') return [lostFinding(test, fault)];
  if (test.testType === 'singular') {
    const mapped = renderMapped(manifest, test, { incremental: false });
    return explainSql({ node: test, mapped, settings: {}, form: planForm }, fault, engine);
  }
  const ask = (variants: readonly string[]) => engine.run(variants.map((variant) => ({ sql: plan(variant) })));
  const { offset, sure } = await placeFault(fault.said, sql, planForm.before, ask);
  return [refusal(test, fault, sure ? placeOf(test, sql, offset, context) : test.at, manifest)];
}

/** Statements that ask how ClickHouse would run what a test's limits are compared with: with all of them, and with each alone. */
export function limitStatements(test: TestNode, sql: string): readonly string[] {
  const defaults = TestConfig.parse({});
  const stated = limitKeys.filter((key) => test.config[key] !== defaults[key]);
  return stated.map((key) => plan(countSql(sql, { ...test, config: { ...defaults, [key]: test.config[key] } })));
}

const limitKeys = ['fail_calc', 'warn_if', 'error_if'] as const;

/** What ClickHouse refuses of the `nth` of `limitStatements`. */
export function explainLimit(test: TestNode, nth: number, fault: Fault, { manifest, project }: TestContext): Finding {
  if (fault.kind === 'lost') return lostFinding(test, fault);
  const defaults = TestConfig.parse({});
  const key = limitKeys.filter((name) => test.config[name] !== defaults[name])[nth] ?? 'fail_calc';
  const own = project.singularTests.find(({ name, file }) => name === test.name && file === test.file)?.config;
  const position = own?.at[key];
  const at = own && position ? { file: own.file, ...position } : placeOfText(key, test.config[key], test.at, project.dir);
  return refusal(test, fault, at, manifest, key);
}

/** Types that the values of a relationship test never compare in. */
export function explainComparison(test: TestNode, fault: Fault, manifest: Manifest): Finding {
  return fault.kind === 'lost' ? lostFinding(test, fault) : refusal(test, fault, test.at, manifest);
}

function plan(sql: string): string {
  return `${planForm.before}${sql}${planForm.after}`;
}

function refusal(
  test: TestNode,
  { fault, said }: Fault & { readonly kind: 'fault' },
  at: Location,
  { nodes }: Manifest,
  key?: string,
): Finding {
  const { code, sentence, hint } = explainFault(fault, said);
  const of = nodes.get(test.attachedTo ?? test.id) ?? test;
  const about = `The test '${test.testName}' of ${of.kind} '${of.name}'${key === undefined ? '' : `, in its '${key}'`}`;
  return errorFinding(test, new GccflowError(code, `${about}: ${sentence}`, { at, hint, cause: fault }));
}

/** The text of a declaration that an offset of the rendered SQL lies in, or the line of the test's own file. */
function placeOf(test: TestNode, sql: string, offset: number, { manifest, project }: TestContext): Location {
  const values = Object.entries({ ...test.arguments, where: test.config.where }).flatMap(([key, value]) =>
    textsOf(value).map((text) => ({ key, text })),
  );
  for (const { key, text } of values.toSorted((a, b) => b.text.length - a.text.length)) {
    for (let start = sql.indexOf(text); start >= 0; start = sql.indexOf(text, start + 1)) {
      if (offset < start || offset >= start + text.length) continue;
      return placeOfText(key, text, test.at, project.dir, text.slice(0, offset - start).split('\n').length - 1);
    }
  }
  const source = project.genericTests.has(test.testName) ? renderMapped(manifest, test, { incremental: false }).sourceOf(offset) : null;
  return source?.exact ? source.at : test.at;
}

function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : [];
}
