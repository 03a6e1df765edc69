import type { Log, LogFields } from '../../framework/foundation/log.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: LogFields;
  readonly message: string;
}

export interface RecordingLog extends Log {
  readonly lines: readonly LogLine[];
  /** The messages of one level and of those above it, in their order. */
  messages(level?: LogLine['level']): readonly string[];
}

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** Keeps what is logged, children's lines included, for a test to look at. */
export function recordingLog(): RecordingLog {
  const lines: LogLine[] = [];
  const messages: RecordingLog['messages'] = (least = 'info') =>
    lines.filter(({ level }) => levels.indexOf(level) >= levels.indexOf(least)).map(({ message }) => message);
  return { ...logInto(lines, {}), lines, messages };
}

function logInto(lines: LogLine[], inherited: LogFields): Log {
  const at =
    (level: LogLine['level']) =>
    (fields: LogFields, message: string): void => {
      lines.push({ level, fields: { ...inherited, ...fields }, message });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => logInto(lines, { ...inherited, ...fields }),
  };
}
