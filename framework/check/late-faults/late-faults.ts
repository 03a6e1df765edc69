import { GccflowError } from '../../foundation/error.ts';
import type { Manifest, ModelNode, TestNode } from '../../manifest/manifest.ts';
import { relationSql } from '../../manifest/relation.ts';
import { renderMapped } from '../../manifest/render-sql.ts';
import { subjectOf } from '../../manifest/resolve-refs.ts';
import type { CheckEngine } from '../check-engine.ts';
import type { TypedColumn } from '../checked-graph.ts';
import { expandedAt } from '../explain-sql.ts';
import type { Finding } from '../finding.ts';
import { sqlTokens } from '../sql-tokens.ts';
import { clausesOfClients } from './clauses-of-clients.ts';
import type { Doubt, PlacedMistake } from './doubt.ts';
import { doubtfulClauses } from './doubtful-clauses.ts';
import { doubtfulColumns } from './doubtful-columns.ts';
import { doubtfulKeys, type KeyTypes } from './doubtful-keys.ts';
import { doubtfulPatterns } from './doubtful-patterns.ts';
import { doubtfulSets } from './doubtful-sets.ts';
import { doubtfulSettings } from './doubtful-settings.ts';
import { doubtfulSubqueries } from './doubtful-subqueries.ts';
import { impossibleDates } from './impossible-dates.ts';
import { missingCommas } from './missing-commas.ts';

/** SQL that ClickHouse takes as long as no rows come. */
export interface EarlySql {
  readonly node: ModelNode | TestNode;
  readonly sql: string;
  /** What an incremental run would run, where that is something else. */
  readonly incrementalSql: string | null;
}

/** What is needed to learn of mistakes before rows come. */
export interface LateFaultContext {
  readonly manifest: Manifest;
  readonly engine: CheckEngine;
  readonly keyTypes: KeyTypes;
  /** Of a model itself. */
  readonly columns: readonly TypedColumn[];
}

/** Many models hold nothing that is in doubt, and are not read any further. */
const mayBeDoubtful = new RegExp(
  [
    /\bin\s*\(\s*(?:select|with)\b|\bin\s+[a-z_`]|\bdict(?:Get|Has)|\b(?:match|regexp|rlike|i?like)\b|(?:\*|\))\s*(?:except|replace)\b|\bcolumns\s*\(/,
    /\bwith\s+fill\b|\bsettings\s+\w+\s*=|\brange\s+between\b|\b(?:extract|replaceRegexp|regexp|countMatches|splitBy|JSON_)\w*\s*\(/,
    /\b(?:formatDateTime|date_?diff|date_?trunc)\s*\(\s*/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);

/** What engines have taken that depends on no table: models ask much the same. */
const taken = new WeakMap<CheckEngine, Set<string>>();

/** Mistakes that ClickHouse would tell only when rows come, or never. */
export async function lateFaults(model: EarlySql, context: LateFaultContext): Promise<readonly Finding[]> {
  const { sql, incrementalSql } = model;
  const full = await mistakesIn(sql, model, context);
  const other = incrementalSql === null ? [] : await mistakesIn(incrementalSql, model, context);
  const findings = [
    ...full.map((mistake) => findingOf(mistake, model, false, context)),
    ...other.map((mistake) => findingOf(mistake, model, true, context)),
  ];
  return findings.filter(({ error }, index) => findings.findIndex((earlier) => isSamePlace(earlier.error, error)) === index);
}

async function mistakesIn(sql: string, { node }: EarlySql, context: LateFaultContext): Promise<readonly PlacedMistake[]> {
  const plain = [...impossibleDates(sql), ...clausesOfClients(sql)];
  const commas = missingCommas(sql);
  const own = node.kind === 'model' && sql.includes(relationSql(node.relation)) ? node.relation : null;
  if (own === null && commas.length === 0 && !mayBeDoubtful.test(sql)) return plain;
  const tokens = sqlTokens(sql);
  const names = new Set(context.columns.map(({ name }) => name));
  const doubts = [
    ...commas,
    ...doubtfulSets(sql, tokens),
    ...doubtfulKeys(sql, tokens, context.keyTypes),
    ...doubtfulPatterns(tokens),
    ...doubtfulColumns(sql, tokens),
    ...doubtfulClauses(sql, tokens),
    ...doubtfulSettings(tokens),
    ...(own ? doubtfulSubqueries(sql, tokens, own, names) : []),
  ];
  return doubts.length === 0 ? plain : [...plain, ...(await confirmed(doubts, node, context.engine))];
}

async function confirmed(doubts: readonly Doubt[], node: EarlySql['node'], engine: CheckEngine): Promise<readonly PlacedMistake[]> {
  const known = taken.get(engine) ?? new Set();
  taken.set(engine, known);
  const open = doubts.filter(({ statement }) => !known.has(statement));
  const settings = node.kind === 'model' ? node.config.query_settings : {};
  const answers = await engine.run(open.map(({ statement }) => ({ sql: statement, settings })));
  return open.flatMap(({ offset, statement, mistakeOf, whenTaken, isConstant }, index) => {
    const answer = answers[index];
    if (isConstant && answer?.kind === 'rows') known.add(statement);
    const mistake = answer?.kind === 'fault' ? mistakeOf(answer.said) : answer?.kind === 'rows' ? whenTaken : null;
    return mistake ? [{ offset, ...mistake }] : [];
  });
}

function findingOf(
  { code, offset, sentence, hint, isWarning }: PlacedMistake,
  { node }: EarlySql,
  incremental: boolean,
  { manifest }: LateFaultContext,
): Finding {
  const mapped = renderMapped(manifest, node, { incremental });
  const error = new GccflowError(code, `${subjectOf(node)}: ${sentence}.`, { at: mapped.sourceOf(offset).at, hint });
  return { severity: isWarning ? 'warn' : 'error', node: node.id, error, ...expandedAt(mapped, offset) };
}

function isSamePlace(a: GccflowError, b: GccflowError): boolean {
  return a.message === b.message && a.at?.line === b.at?.line && a.at?.column === b.at?.column;
}
