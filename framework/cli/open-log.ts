import { pino } from 'pino';
import type { Log } from '../foundation/log.ts';
import type { Output } from './output.ts';
import type { LogLevel } from './text-log.ts';

/** A log of one JSON object a line on stderr: `time`, `level`, `msg` and the fields. */
export function openJsonLog(output: Output, level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
    },
    { write: (line) => output.complain(line.trimEnd()) },
  );
}
