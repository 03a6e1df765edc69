import { GccflowError } from '../../foundation/error.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { renderMapped } from '../../manifest/render-sql.ts';
import { subjectOf } from '../../manifest/resolve-refs.ts';
import type { CheckEngine } from '../check-engine.ts';
import { expandedAt } from '../explain-sql.ts';
import { errorFinding } from '../fault-finding.ts';
import type { Finding } from '../finding.ts';
import type { RenderedModel } from '../render-model.ts';
import { sqlTokens } from '../sql-tokens.ts';
import { clausesOfClients } from './clauses-of-clients.ts';
import type { Doubt, PlacedMistake } from './doubt.ts';
import { doubtfulClauses } from './doubtful-clauses.ts';
import { doubtfulColumns } from './doubtful-columns.ts';
import { doubtfulKeys, type KeyTypes } from './doubtful-keys.ts';
import { doubtfulPatterns } from './doubtful-patterns.ts';
import { doubtfulSets } from './doubtful-sets.ts';
import { impossibleDates } from './impossible-dates.ts';

/** What is needed to learn of a model's mistakes before its rows come. */
export interface LateFaultContext {
  readonly manifest: Manifest;
  readonly engine: CheckEngine;
  readonly keyTypes: KeyTypes;
}

/** Most models hold nothing that is in doubt, and are not read any further. */
const mayBeDoubtful =
  /\bin\s*\(?\s*\w|\bdict(?:Get|Has)|\b(?:match|regexp|rlike|i?like)\b|(?:\*|\))\s*(?:except|replace)\b|\bcolumns\s*\(|\bwith\s+fill\b|\brange\s+between\b/i;

/** Mistakes of a model that ClickHouse would tell only when rows come, or never. Its columns are known: ClickHouse has taken it. */
export async function lateFaults(model: RenderedModel, context: LateFaultContext): Promise<readonly Finding[]> {
  const { sql, incrementalSql } = model;
  const full = await mistakesIn(sql, model, context);
  const other = incrementalSql === null ? [] : await mistakesIn(incrementalSql, model, context);
  const findings = [
    ...full.map((mistake) => findingOf(mistake, model, false, context)),
    ...other.map((mistake) => findingOf(mistake, model, true, context)),
  ];
  return findings.filter(({ error }, index) => findings.findIndex((earlier) => isSamePlace(earlier.error, error)) === index);
}

async function mistakesIn(sql: string, { node }: RenderedModel, { engine, keyTypes }: LateFaultContext): Promise<readonly PlacedMistake[]> {
  const plain = [...impossibleDates(sql), ...clausesOfClients(sql)];
  if (!mayBeDoubtful.test(sql)) return plain;
  const tokens = sqlTokens(sql);
  const doubts: readonly Doubt[] = [
    ...doubtfulSets(sql, tokens),
    ...doubtfulKeys(sql, tokens, keyTypes),
    ...doubtfulPatterns(tokens),
    ...doubtfulColumns(sql, tokens),
    ...doubtfulClauses(sql, tokens),
  ];
  if (doubts.length === 0) return plain;
  const settings = node.config.query_settings;
  const answers = await engine.run(doubts.map(({ statement }) => ({ sql: statement, settings })));
  const told = doubts.flatMap(({ offset, mistakeOf }, index) => {
    const answer = answers[index];
    const mistake = answer?.kind === 'fault' ? mistakeOf(answer.said) : null;
    return mistake ? [{ offset, ...mistake }] : [];
  });
  return [...plain, ...told];
}

function findingOf(
  { code, offset, sentence, hint }: PlacedMistake,
  { node }: RenderedModel,
  incremental: boolean,
  { manifest }: LateFaultContext,
): Finding {
  const mapped = renderMapped(manifest, node, { incremental });
  const error = new GccflowError(code, `${subjectOf(node)}: ${sentence}.`, { at: mapped.sourceOf(offset).at, hint });
  return { ...errorFinding(node, error), ...expandedAt(mapped, offset) };
}

function isSamePlace(a: GccflowError, b: GccflowError): boolean {
  return a.message === b.message && a.at?.line === b.at?.line && a.at?.column === b.at?.column;
}
