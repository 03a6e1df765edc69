import type { EngineAnswer } from './check-engine.ts';
import { allCalls, type Candidate, candidatesOf, tableCalls } from './fault-candidates.ts';
import { type Culprit, culpritsOf } from './fault-culprits.ts';
import { segments } from './fault-segments.ts';
import { lastReaders } from './last-reader.ts';
import { isToken, type SqlToken, sqlTokens } from './sql-tokens.ts';
import { syntaxOffset } from './syntax-offset.ts';
import { unpairedBracket } from './unpaired-bracket.ts';

/** Runs variants of the faulty SQL and says of each what ClickHouse answered. */
export type Probe = (variants: readonly string[]) => Promise<readonly EngineAnswer[]>;

/** Our own text around the SQL in a statement. */
export interface StatementForm {
  readonly before: string;
  readonly after: string;
}

/** What is known of where a fault stands in the SQL. */
export interface FaultPlace {
  /** Offset in the SQL. */
  readonly offset: number;
  /** false where nothing in the SQL could be told to be the cause, and the offset is a guess. */
  readonly sure: boolean;
  /** What stands there, and what to put there so that ClickHouse looks further; null where nothing can. */
  readonly candidate: Candidate | null;
  /** Whether what is put there can cause no complaint of types of its own. */
  readonly harmless: boolean;
  /** What is wrong there, where that says more than ClickHouse does. */
  readonly sentence?: string;
}

const most = 40;
const mostParts = 150;

/**
 * Where the cause of ClickHouse's complaint stands in `sql`. ClickHouse names things and gives no position: what it names is looked for, and
 * of several places the one is meant whose absence changes the complaint.
 * @param prefix our own text before `sql` in the statement that ClickHouse read
 */
export async function placeFault(said: string, sql: string, prefix: string, probe: Probe): Promise<FaultPlace> {
  const tokens = sqlTokens(sql);
  const syntax = /failed at position (\d+)/.exec(said)?.[1];
  if (syntax !== undefined) {
    const before = Buffer.from(prefix + sql).subarray(0, Number(syntax) - 1); // ClickHouse counts bytes, from 1
    const stopped = syntaxOffset(before.toString().length - prefix.length, said, tokens);
    const bracket = await unpairedBracket(sql, tokens, probe);
    const isElsewhere = bracket !== null && sql.slice(...[bracket.offset, stopped].toSorted((a, b) => a - b)).includes('\n');
    return { offset: stopped, sure: true, candidate: null, harmless: false, ...(isElsewhere && bracket) };
  }
  if (/NOT_AN_AGGREGATE/.test(said) && !tokens.some((token) => isToken(token, 'group'))) {
    const call = await guiltyCall(tokens, sql, probe); // one aggregate among columns: it is the odd one
    if (call) return { offset: call.at, sure: true, candidate: call, harmless: true };
  }
  for (const culprit of culpritsOf(said)) {
    const candidates = candidatesOf(culprit, tokens).slice(0, most);
    const found = candidates.length > 1 ? await guiltyOf(candidates, said, sql, probe) : candidates[0];
    if (!found) continue;
    return { offset: operandOf(said, found.at, tokens), sure: true, ...replaceable(culprit, found) };
  }
  const call = await guiltyCall(tokens, sql, probe);
  if (call) return { offset: call.at, sure: true, candidate: call, harmless: true };
  const part = await guiltyPart(said, tokens, sql, probe);
  if (part) return { offset: part.at, sure: true, candidate: null, harmless: false };
  return { offset: tokens[0]?.start ?? 0, sure: false, candidate: null, harmless: false };
}

/** Of `a and b` the operand that the complaint counts, in place of the operator. */
function operandOf(said: string, offset: number, tokens: readonly SqlToken[]): number {
  const [, number, operator = ''] = /of (\d+) argument of function (and|or)\b/.exec(said) ?? [];
  if (number === undefined) return offset;
  const index = tokens.findIndex(({ start }) => start === offset);
  const first = tokens.findLastIndex((token, at) => at < index && isToken(token, 'where', 'on', 'having', 'prewhere', 'when')) + 1;
  const starts = [
    first,
    ...tokens
      .keys()
      .filter((at) => at >= first && isToken(tokens[at], operator))
      .map((at) => at + 1),
  ];
  return tokens[starts[Number(number) - 1] ?? index]?.start ?? offset;
}

/** Columns and calls can be left out; without a table its columns would be missed; of an operator the other one that stands there makes another type. */
function replaceable({ kind }: Culprit, candidate: Candidate): Pick<FaultPlace, 'candidate' | 'harmless'> {
  const isPart = kind === 'identifier' || kind === 'function' || kind === 'join';
  return { candidate: isPart ? candidate : null, harmless: /^\w/.test(candidate.replacement) || kind === 'join' };
}

/** Where ClickHouse names nothing: the shortest call without which it has nothing to complain of. */
async function guiltyCall(tokens: readonly SqlToken[], sql: string, probe: Probe): Promise<Candidate | undefined> {
  const calls = allCalls(tokens).slice(0, most);
  const answers = await probe(calls.map((call) => without(sql, [call])));
  const silenced = calls.filter((_, index) => answers[index]?.kind === 'rows');
  return lastReaders(silenced, tokens).toSorted((a, b) => a.end - a.start - (b.end - b.start))[0];
}

/** Where no call is to blame: the shortest expression without which there is nothing to complain of, or a call in the place of a table. */
async function guiltyPart(said: string, tokens: readonly SqlToken[], sql: string, probe: Probe): Promise<Candidate | undefined> {
  const parts = segments(tokens).slice(0, mostParts);
  const answers = await probe(parts.map((part) => without(sql, [part])));
  const [silenced] = lastReaders(
    parts.filter((_, index) => answers[index]?.kind === 'rows'),
    tokens,
  );
  if (silenced) return silenced;
  const tables = tableCalls('', tokens);
  const others = await probe(tables.map((table) => without(sql, [table])));
  return (
    tables.find((_, index) => complaintOf(others[index]) !== core(said)) ??
    parts.find((_, index) => complaintOf(answers[index]) !== core(said))
  );
}

/** The first candidate without which ClickHouse complains of something else, best of nothing; the first at all where each leaves another one. */
async function guiltyOf(candidates: readonly Candidate[], said: string, sql: string, probe: Probe): Promise<Candidate | undefined> {
  const same = core(said);
  const each = await probe(candidates.map((candidate) => without(sql, [candidate])));
  const changed = candidates.filter((_, index) => complaintOf(each[index]) !== same);
  const [silenced] = lastReaders(
    candidates.filter((_, index) => each[index]?.kind === 'rows'),
    sqlTokens(sql),
  );
  if (silenced ?? changed[0]) return silenced ?? changed[0];
  const behind = await probe(candidates.map((_, index) => without(sql, candidates.slice(index))));
  const last = behind.findLastIndex((answer) => complaintOf(answer) !== same);
  return candidates[Math.max(last, 0)];
}

/** The offset in `sql` of an offset in `without(sql, candidates)`. */
export function offsetBefore(offset: number, candidates: readonly Candidate[]): number {
  let moved = offset;
  for (const { start, end, replacement } of candidates.toSorted((a, b) => a.start - b.start)) {
    if (moved >= start + replacement.length) moved += end - start - replacement.length;
    else if (moved > start) return start;
  }
  return moved;
}

/** `sql` with something harmless in the place of each candidate. */
export function without(sql: string, candidates: readonly Candidate[]): string {
  return candidates
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, { start, end, replacement }) => text.slice(0, start) + replacement + text.slice(end), sql);
}

function complaintOf(answer: EngineAnswer | undefined): string | null {
  return answer?.kind === 'fault' ? core(answer.said) : null;
}

/** A complaint without the SQL that it quotes. */
function core(said: string): string {
  return said.replace(/[.:,]? in (?:scope|query) [\s\S]*/i, '').replace(/: while executing[\s\S]*/, '');
}
