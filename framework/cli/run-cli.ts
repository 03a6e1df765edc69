import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../foundation/clock.ts';
import { InvalidProject } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import { unwritable } from '../foundation/unwritable.ts';
import { abortOnSignal, type SignalAbort } from './abort-on-signal.ts';
import { catchUncaught } from './catch-uncaught.ts';
import type { Command, CommandContext, Values } from './command.ts';
import { commandGroups, commands } from './commands/index.ts';
import { type ExitCode, exitCode, exitCodeOf } from './exit-code.ts';
import { findCommand, unknownCommand } from './find-command.ts';
import { type EverywhereOptions, everywhereOptions } from './options.ts';
import { type Output, type OutputStream, openOutput, type Style } from './output.ts';
import { parseArguments, type RoughFlags, roughArguments } from './parse-arguments.ts';
import { Secrets } from './secrets.ts';
import { logLevels, openTextLog } from './text-log.ts';

/** What the process hands to the command line. */
export interface CliInput {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** How the process is to end: by a signal, where one stopped the command, otherwise with the exit code. */
export interface CliEnd {
  readonly exitCode: ExitCode;
  readonly signal: NodeJS.Signals | null;
  /** Something may still run that the ordinary end of a process waits for. */
  readonly atOnce?: true;
}

/** How long a command may take to end after a signal: its statements have 10 s of it to be killed and tidied up after. */
const stopMs = 15_000;
/** How long it may take after a bug, when no more than its connections matter. */
const stopAfterBugMs = 2_000;

/** Runs the command that the arguments name. Never throws: what goes wrong is printed and told by the end. */
export async function runCli(input: CliInput): Promise<CliEnd> {
  using abort = abortOnSignal();
  const uncaught = catchUncaught();
  const secrets = new Secrets();
  const { words, flags } = roughArguments(input.argv);
  const json = flags['log-format'] === 'json';
  const output = openOutput({ ...input, quiet: json || flags.quiet === true, color: flags.color !== false, secrets });
  const log = await openLog(output, flags);
  const stop = { allowedMs: stopMs, meanwhile: 'running statements are ended' };
  const allowStop = (ms: number, meanwhile: string): void => {
    Object.assign(stop, { allowedMs: ms, meanwhile });
  };
  abort.signal.addEventListener('abort', () => saySo(abort, stop, json ? log : null, output));
  const opened: Opened = { output, secrets, signal: abort.signal, log, allowStop };
  const report = (thrown: unknown): Promise<void> =>
    json ? logErrors(thrown, log) : printError(thrown, input.cwd, flags['project-dir'], output);

  const command = runWords(words, input, { ...opened, abort, report });
  const bug = uncaught.then((thrown) => endAfterBug(unwritable(thrown) ?? thrown, { command, abort, report }));
  const ended = command.then((end) => (abort.signal.aborted && abort.received() === null ? bug : end));
  return await Promise.race([ended, bug, endOverdue(abort, stop, log)]);
}

interface Ending {
  readonly abort: SignalAbort;
  readonly report: (thrown: unknown) => Promise<void>;
}

/** The command that the words name, to its end. Never rejects. */
async function runWords(words: readonly string[], input: CliInput, { abort, report, ...opened }: Opened & Ending): Promise<CliEnd> {
  try {
    const entry = findCommand(words, commands);
    if (entry === undefined) return { exitCode: await runWithoutCommand(input.argv, words, opened.output), signal: null };
    const command = await entry.load();
    const typed = words.slice(0, entry.name.split(' ').length).join(' ');
    const code = await runCommand({ ...command, name: typed }, input, opened);
    return { exitCode: code, signal: command.service ? null : abort.received() };
  } catch (caught) {
    if (isStop(caught, abort.signal)) return { exitCode: exitCode.failed, signal: abort.received() };
    const thrown = unwritable(caught) ?? caught;
    await report(thrown);
    return { exitCode: exitCodeOf(thrown), signal: abort.received() };
  }
}

/** Nobody knows what state things are in after an error that nobody caught: the command is stopped, and left behind where that takes long. */
async function endAfterBug(thrown: unknown, { command, abort, report }: Ending & { readonly command: Promise<CliEnd> }): Promise<CliEnd> {
  await report(thrown);
  abort.abort(new Error('stopped by an error that nobody caught', { cause: thrown }));
  await Promise.race([command, sleep(stopAfterBugMs)]);
  return { exitCode: exitCodeOf(thrown), signal: null, atOnce: true };
}

/** After a signal not everything heeds the call to end: a statement of ClickHouse that waits for the network may take minutes. */
async function endOverdue(abort: SignalAbort, stop: { readonly allowedMs: number }, log: Log): Promise<CliEnd> {
  await new Promise((resolve) => abort.signal.addEventListener('abort', resolve, { once: true }));
  const { allowedMs } = stop;
  await sleep(allowedMs);
  log.warn({ signal: abort.received(), afterMs: allowedMs }, 'ended by force, as something did not end by itself');
  return { exitCode: exitCode.failed, signal: abort.received(), atOnce: true };
}

function saySo({ received }: SignalAbort, { meanwhile }: { readonly meanwhile: string }, log: Log | null, output: Output): void {
  if (received() === null) return;
  if (log) log.warn({ signal: received() }, 'stop asked for');
  else output.note(`stopping on ${received()}: ${meanwhile}; a second signal ends all at once`);
}

/** Whether something was thrown only because the command was to stop. */
function isStop(thrown: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  return (
    thrown === signal.reason ||
    (thrown instanceof Error && thrown.name === 'AbortError') ||
    (thrown instanceof GccflowError && thrown.code === 'CANCELLED')
  );
}

type Opened = Pick<CommandContext, 'output' | 'secrets' | 'signal' | 'log' | 'allowStop'>;

async function runCommand(command: Command, { argv, cwd, env }: CliInput, opened: Opened): Promise<ExitCode> {
  if (argv.includes('--help') || argv.includes('-h')) return printHelp(command, opened.output);
  const parsed = parseArguments(argv, { ...command, options: { ...command.options, ...everywhereOptions } });
  const values = parsed.values as Values<EverywhereOptions>;
  return command.run(values, { ...opened, positionals: parsed.positionals, cwd, env, clock: systemClock, commands });
}

async function runWithoutCommand(argv: readonly string[], words: readonly string[], output: Output): Promise<ExitCode> {
  if (words.length > 0) throw unknownCommand(words, commands);
  const parsed = parseArguments(argv, { name: '', options: everywhereOptions, positionals: [] });
  const values = parsed.values as Values<EverywhereOptions>;
  if (values.version === true) return printVersion(output);
  const { formatOverview } = await import('./format-help.ts');
  output.print(formatOverview(commandGroups, (style, text) => output.paint('stdout', style, text)));
  return values.help === true ? exitCode.ok : exitCode.usage;
}

async function printVersion(output: Output): Promise<ExitCode> {
  const { readVersion } = await import('./read-version.ts');
  output.print(readVersion());
  return exitCode.ok;
}

async function printHelp(command: Command, output: Output): Promise<ExitCode> {
  const { formatHelp } = await import('./format-help.ts');
  output.print(formatHelp(command, (style, text) => output.paint('stdout', style, text)));
  return exitCode.ok;
}

/** Text goes through our own few lines; pino costs 17 ms of a start and is loaded for JSON only. */
async function openLog(output: Output, flags: RoughFlags): Promise<Log> {
  const asked = logLevels.find((level) => level === flags['log-level']);
  const level = flags.quiet === true ? 'error' : asked;
  if (flags['log-format'] !== 'json') return openTextLog(output, level ?? 'warn', systemClock);
  const { openJsonLog } = await import('./open-log.ts');
  return openJsonLog(output, level ?? 'info');
}

async function printError(thrown: unknown, cwd: string, projectFlag: unknown, output: Output): Promise<void> {
  const { formatError } = await import('./format-error.ts');
  const paint = (style: Style, text: string): string => output.paint('stderr', style, text);
  output.complain(formatError(thrown, { projectDir: await projectDirOrNull(cwd, projectFlag), cwd, paint }));
}

async function logErrors(thrown: unknown, log: Log): Promise<void> {
  for (const error of thrown instanceof InvalidProject ? thrown.errors : [thrown]) {
    if (!(error instanceof GccflowError)) log.error({ err: error }, 'this is a bug in gccflow');
    else log.error({ code: error.code, reason: error.message, hint: error.hint, at: error.at }, 'command failed');
  }
}

async function projectDirOrNull(cwd: string, projectFlag: unknown): Promise<string | null> {
  const { locateProject } = await import('./open-project.ts');
  try {
    return locateProject(cwd, typeof projectFlag === 'string' ? projectFlag : undefined);
  } catch {
    return null; // the error to print is another one
  }
}
