import type { Clock } from '../foundation/clock.ts';
import { messageOf } from '../foundation/error.ts';
import type { Log, LogFields } from '../foundation/log.ts';
import type { Output } from './output.ts';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** A log of lines for people on stderr: `2026-03-01T04:00:02Z warn insert retried node=model.post attempt=2`. */
export function openTextLog(output: Output, level: LogLevel, clock: Clock, fields: LogFields = {}): Log {
  const write = (of: LogLevel) => (own: LogFields, message: string) => {
    if (logLevels.indexOf(of) < logLevels.indexOf(level)) return;
    const style = of === 'error' ? 'red' : of === 'warn' ? 'yellow' : 'dim';
    const text = [message, ...Object.entries({ ...fields, ...own }).map(([name, value]) => `${name}=${formatField(value)}`)].join(' ');
    output.complain(`${timestamp(clock)} ${output.paint('stderr', style, of)} ${text}`);
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => openTextLog(output, level, clock, { ...fields, ...more }),
  };
}

/** Now, to the second, as every plain line of progress begins. */
export function timestamp(clock: Clock): string {
  return `${clock.now().toISOString().slice(0, 19)}Z`;
}

function formatField(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(messageOf(value));
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value;
  return JSON.stringify(value) ?? 'undefined';
}
