import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';
import { GccflowError } from '../foundation/error.ts';
import type { CommandContext } from './command.ts';

type Secrets = Readonly<Record<string, string>>;

/**
 * The secrets of a credential: variables of the environment where `named` says which, as `token=GRAPH_TOKEN`; else what comes on stdin, as
 * a JSON object or in lines `name=value`. Never arguments, which everybody on the machine can read. Throws USAGE, without any value.
 */
export async function readSecrets(named: readonly string[], { env, output, signal }: CommandContext): Promise<Secrets> {
  if (named.length > 0) return requireSecrets(Object.fromEntries(named.map((pair) => fromEnvironment(pair, env))));
  if (process.stdin.isTTY) output.note('Secrets are read from here, as name=value lines or JSON; Ctrl-D ends them.');
  return requireSecrets(parseSecrets(await text(addAbortSignal(signal, process.stdin))));
}

/** Throws USAGE for a text that is neither. */
export function parseSecrets(input: string): Readonly<Record<string, unknown>> {
  const trimmed = input.replace(/^\uFEFF/, '').trim();
  return trimmed.startsWith('{') ? parseObject(trimmed) : parseLines(trimmed);
}

function parseObject(input: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(input) as Record<string, unknown>;
  } catch {
    // The parser's own message quotes the text.
    throw usage('What came on stdin begins like JSON and is none.');
  }
}

function parseLines(input: string): Readonly<Record<string, unknown>> {
  const lines = input.split(/\r?\n/).flatMap((line, index) => (/^\s*(#|$)/.test(line) ? [] : [{ line, number: index + 1 }]));
  return Object.fromEntries(
    lines.map(({ line, number }) => {
      const at = line.indexOf('=');
      if (at === -1) throw usage(`Line ${number} of what came on stdin has no '='.`);
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

function fromEnvironment(pair: string, env: CommandContext['env']): readonly [string, string] {
  const [, name = '', variable = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
  if (!/^[A-Za-z_]\w*$/.test(variable)) {
    // It may be the secret itself.
    throw new GccflowError('USAGE', `'--env' takes the name of a secret and the name of a variable of the environment.`, {
      hint: 'For example: --env token=GRAPH_TOKEN.',
    });
  }
  const value = env[variable];
  if (value === undefined || value === '') throw new GccflowError('USAGE', `The variable '${variable}' of the environment is not set.`);
  return [name, value];
}

function requireSecrets(secrets: Readonly<Record<string, unknown>>): Secrets {
  const entries = Object.entries(secrets);
  if (entries.length === 0) throw usage('No secret was given.');
  return Object.fromEntries(
    entries.map(([name, value], index) => {
      if (!/^[A-Za-z_]\w*$/.test(name)) throw usage(`The name of secret ${index + 1} is not of letters, digits and underscores.`);
      if (typeof value !== 'string' || value.trim() === '') throw usage(`The value of '${name}' is no text, or is empty.`);
      return [name, value];
    }),
  );
}

function usage(message: string): GccflowError {
  return new GccflowError('USAGE', message, {
    hint: 'Give {"token": "…"} or a line token=… on stdin, or name variables of the environment: --env token=GRAPH_TOKEN.',
  });
}
