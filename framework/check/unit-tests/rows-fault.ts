import { GccflowError } from '../../foundation/error.ts';
import type { Location } from '../../foundation/location.ts';
import type { EngineAnswer } from '../check-engine.ts';

/** What ClickHouse said of rows of a unit test, as UNIT_TEST_ROWS. They are the author's own: what it quotes of them may be shown. */
export function rowsFault(subject: string, answer: EngineAnswer | undefined, at: Location): GccflowError {
  return new GccflowError('UNIT_TEST_ROWS', `${subject}: ${reasonOf(answer)}.`, { at });
}

/** What ClickHouse said of a statement, without codes, or what became of the engine. */
export function reasonOf(answer: EngineAnswer | undefined): string {
  if (answer?.kind === 'fault') return answer.fault.parse?.row ? answer.fault.message.replace(/\.$/, '') : sentenceOf(answer.said);
  return answer?.kind === 'lost' && answer.why === 'timed out' ? 'it took too long and was stopped' : 'the engine went down with it';
}

function sentenceOf(said: string): string {
  return said
    .replace(/^[\s\S]*?Exception:\s*/, '')
    .replace(/\s*\(version [^()]*(?:\([^()]*\))?[^()]*\)\.?/g, '')
    .replace(/\s*\([A-Z][A-Z0-9_]{2,}\)[.\s]*$/, '')
    .replace(/[.:,]? in (?:scope|query) [\s\S]*?(?=\. Maybe you meant|$)/i, '')
    .replace(/:? ?while executing [\s\S]*$/i, '')
    .replace(/: While processing [\s\S]*$/, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/[\s.:,]+$/, '');
}
