import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import type { Secrets } from './secrets.ts';

export type Style = Parameters<typeof styleText>[0];

/** A stream of the process, a terminal or not. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** The two streams a command writes to. Everything but rows of data is freed of secrets on its way. */
export interface Output {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly quiet: boolean;
  /** A line of results, on stdout. */
  print(line: string): void;
  /** A value as JSON, on stdout. */
  printJson(value: unknown): void;
  /** Rows of data, on stdout, as they are. */
  printData(text: string): void;
  /** A line about what goes on, on stderr; nothing with --quiet. */
  note(line: string): void;
  /** A line that --quiet does not silence, on stderr. */
  complain(line: string): void;
  /** While a display is drawn on stderr, lines for stderr go through it, so that it can make room for them. */
  divert(write: (line: string) => void): Disposable;
  /** `text` without the target's secrets, for what is written by other ways. */
  redact(text: string): string;
  /** Colors a text for a stream, where that stream shows colors. */
  paint(stream: 'stdout' | 'stderr', style: Style, text: string): string;
}

export interface OutputOptions {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly quiet: boolean;
  /** false with --no-color; otherwise NO_COLOR, FORCE_COLOR and the terminal decide. */
  readonly color: boolean;
  readonly secrets: Secrets;
}

export function openOutput({ stdout, stderr, quiet, color, secrets }: OutputOptions): Output {
  const streams = { stdout, stderr };
  const direct = (line: string): void => void stderr.write(`${line}\n`);
  let write = direct;
  const print = (line: string): void => void stdout.write(`${secrets.redact(line)}\n`);
  return {
    stdout,
    stderr,
    quiet,
    print,
    printJson: (value) => print(JSON.stringify(value, null, 2)),
    printData: (text) => void stdout.write(`${text}\n`),
    note: (line) => {
      if (!quiet) write(secrets.redact(line));
    },
    complain: (line) => write(secrets.redact(line)),
    divert: (other) => {
      write = other;
      const restore = (): void => {
        write = direct;
      };
      return { [Symbol.dispose]: restore };
    },
    redact: (text) => secrets.redact(text),
    paint: (stream, style, text) => (color ? styleText(style, text, { stream: streams[stream] }) : text),
  };
}
