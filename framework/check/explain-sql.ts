import { GccflowError } from '../foundation/error.ts';
import type { Node } from '../manifest/manifest.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import type { MappedSql } from '../manifest/source-map.ts';
import type { StatementSettings } from '../materializations/statement.ts';
import type { CheckEngine, EngineAnswer } from './check-engine.ts';
import { explainFault } from './explain-fault.ts';
import type { Candidate } from './fault-candidates.ts';
import { errorFinding, type Fault, lostFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { offsetBefore, placeFault, type StatementForm, without } from './place-fault.ts';
import { missesLost } from './repair-select.ts';

/** SQL that ClickHouse refuses. */
export interface RefusedSql {
  readonly node: Node;
  readonly mapped: MappedSql;
  readonly settings: StatementSettings;
  /** The statement that it is refused in. */
  readonly form: StatementForm;
}

/** A SELECT whose columns are asked for. */
export const describeForm: StatementForm = { before: 'describe (\n', after: '\n)' };
/** A SELECT of which ClickHouse decides how to run it. */
export const planForm: StatementForm = { before: 'explain plan\n', after: '' };
/** A statement that is read and not looked up. */
const parseForm: StatementForm = { before: 'explain ast\n', after: '' };

/** Mistakes looked for in one SELECT: each is taken out, and ClickHouse asked again. */
const mostFaults = 5;

/** Every mistake of a SELECT that can be told apart, each at its place; at least one. */
export async function explainSql(refused: RefusedSql, first: Fault, engine: CheckEngine): Promise<readonly Finding[]> {
  const { node, mapped, settings, form } = refused;
  const ask = (variants: readonly string[], { before, after } = form) =>
    engine.run(variants.map((sql) => ({ sql: `${before}${sql}${after}`, settings })));
  const findings: Finding[] = [];
  let taken: readonly Candidate[] = [];
  let harmless = true; // so far nothing was put in place that may be complained of itself
  let fault: EngineAnswer | undefined = first;
  for (let round = 0; fault && fault.kind !== 'rows' && findings.length < mostFaults && round < 2 * mostFaults; round++) {
    if (fault.kind === 'lost') return [...findings, lostFinding(node, fault)];
    const isSyntax = fault.fault.type === 'SYNTAX_ERROR';
    const { sentence } = explainFault(fault.fault, fault.said);
    if (findings.length > 0 && (isSyntax || /\bnull\b|Nothing/i.test(sentence))) return findings; // of our own making
    if (fault.fault.type === 'NOT_AN_AGGREGATE' && taken.some(({ start }) => isInGroupBy(mapped.text, start))) return findings; // so was this
    const sql = without(mapped.text, taken);
    const [parsed] = isSyntax ? await ask([sql], parseForm) : []; // our own brackets would be taken for those that are missing
    const said = parsed?.kind === 'fault' ? parsed : fault;
    if (!harmless && !/^UNKNOWN_/.test(fault.fault.type ?? '')) return findings;
    const probe = isSyntax ? (variants: readonly string[]) => ask(variants, parseForm) : ask;
    const place = await placeFault(said.said, sql, (parsed?.kind === 'fault' ? parseForm : form).before, probe);
    const offset = offsetBefore(place.offset, taken);
    const last = findings.at(-1);
    const told = findings.flatMap((finding) => finding.offsets ?? []);
    if (last && missesLost(mapped.text, offset, told)) findings.splice(-1, 1, { ...last, offsets: [...(last.offsets ?? []), offset] });
    else findings.push(faultFinding(node, said, mapped, offset, place.sentence));
    harmless &&= place.harmless;
    const { candidate } = place;
    if (!candidate) break;
    const { at, start, end, replacement } = candidate;
    const whole = { at: offsetBefore(at, taken), start: offsetBefore(start, taken), end: offsetBefore(end, taken), replacement };
    taken = [...taken.filter((part) => part.start < whole.start || part.end > whole.end), whole];
    [fault] = await ask([without(mapped.text, taken)]);
  }
  return findings;
}

function isInGroupBy(sql: string, offset: number): boolean {
  return /\bgroup\s+by\b(?:(?!\b(?:select|where|having|order|limit|union)\b)[\s\S])*$/i.test(sql.slice(0, offset));
}

function faultFinding(
  node: Node,
  { fault, said }: Fault & { readonly kind: 'fault' },
  mapped: MappedSql,
  offset: number,
  sentence?: string,
): Finding {
  const { code, hint, ...explained } = explainFault(fault, said);
  return {
    ...errorFinding(
      node,
      new GccflowError(code, `${subjectOf(node)}: ${sentence ?? explained.sentence}`, {
        at: mapped.sourceOf(offset).at,
        hint,
        cause: fault,
      }),
    ),
    ...expandedAt(mapped, offset),
    offsets: [offset],
  };
}

/** The rendered line, where the author's file shows only the tag it comes out of. */
export function expandedAt({ text, sourceOf }: MappedSql, offset: number): { readonly expanded?: string } {
  if (sourceOf(offset).exact) return {};
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  return { expanded: text.slice(start, end < 0 ? undefined : end).trim() };
}
