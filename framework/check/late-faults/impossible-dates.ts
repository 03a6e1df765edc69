import { type SqlToken, sqlTokens } from '../sql-tokens.ts';
import type { PlacedMistake } from './doubt.ts';

const datePattern = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?Z?)?$/;

/** Texts that are written as a date or time that no calendar has: ClickHouse takes many of them for another day, without a word. */
export function impossibleDates(sql: string): readonly PlacedMistake[] {
  if (!/'\d{4}-\d\d-\d\d/.test(sql)) return [];
  return sqlTokens(sql).flatMap((token) => {
    if (token.kind !== 'text' || isPossible(token)) return [];
    return [{ code: 'CHECK_TYPE', offset: token.start, sentence: `There is no ${token.text} in the calendar` }];
  });
}

function isPossible({ value }: SqlToken): boolean {
  const parts = datePattern
    .exec(value)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (!parts) return true;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  if ((month === 0 && day === 0) || month === 99) return true; // stands for no date
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  return isDay && hour < 24 && minute < 60 && second < 60;
}
