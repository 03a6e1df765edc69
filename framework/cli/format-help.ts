import type { Command, CommandEntry, Option, Options, Positional } from './command.ts';
import { everywhereOptions } from './options.ts';
import type { Style } from './output.ts';

export type Paint = (style: Style, text: string) => string;

const textWidth = 100;

/** What `gccflow` can do, by the stage of work. */
export function formatOverview(groups: ReadonlyMap<string, readonly CommandEntry[]>, paint: Paint): string {
  const width = Math.max(...[...groups.values()].flat().map(({ name }) => name.length)) + 2;
  const sections = [...groups].map(([title, entries]) => [
    paint('bold', title),
    ...entries.map(({ name, summary }) => `  ${paint('cyan', name.padEnd(width))}${summary}`),
    '',
  ]);
  return [
    'gccflow: pipelines as code. Providers called within their limits; events stored from queues; SQL models in ClickHouse, tested before they are published, synced to PostgreSQL.',
    '',
    `${paint('bold', 'Usage')}  gccflow COMMAND [flags]`,
    '',
    ...sections.flat(),
    paint('bold', 'Examples'),
    ...formatExamples(
      [
        { command: 'gccflow build', description: 'Load seeds, build and test models, run syncs, in the order of the graph.' },
        { command: 'gccflow run --select tag:core', description: 'Build the models that carry a tag, as cron does.' },
        { command: 'gccflow build --select stg_post+', description: 'A model and everything that reads it.' },
        { command: 'gccflow plan --select mart_post', description: 'The statements that would run, and why.' },
      ],
      paint,
    ),
    '',
    paint('bold', 'Flags of every command'),
    ...formatOptions(everywhereOptions, paint),
    '',
    `More about a command: ${paint('cyan', 'gccflow COMMAND --help')}`,
  ].join('\n');
}

/** Help of one command, with examples. */
export function formatHelp(command: Command, paint: Paint): string {
  const usage = ['gccflow', command.name, ...command.positionals.map(formatPositional), '[flags]'].join(' ');
  return [
    ...wrap(command.description, textWidth),
    '',
    `${paint('bold', 'Usage')}  ${usage}`,
    '',
    paint('bold', 'Examples'),
    ...formatExamples(command.examples, paint),
    '',
    ...(command.positionals.length === 0
      ? []
      : [
          paint('bold', 'Arguments'),
          ...command.positionals.map(
            ({ name, description, choices }) => `  ${paint('cyan', name.toUpperCase())}  ${description}${formatChoices(choices)}`,
          ),
          '',
        ]),
    ...(Object.keys(command.options).length === 0 ? [] : [paint('bold', 'Flags'), ...formatOptions(command.options, paint), '']),
    paint('bold', 'Flags of every command'),
    ...formatOptions(everywhereOptions, paint),
  ].join('\n');
}

function formatPositional({ name, required, several }: Positional): string {
  const word = `${name.toUpperCase()}${several ? '…' : ''}`;
  return required ? word : `[${word}]`;
}

function formatExamples(examples: Command['examples'], paint: Paint): string[] {
  const width = Math.max(...examples.map(({ command }) => command.length)) + 2;
  return examples.map(({ command, description }) => `  ${paint('green', command.padEnd(width))}${description}`);
}

function formatOptions(options: Options, paint: Paint): string[] {
  const rows = Object.entries(options).map(([name, option]) => ({ left: formatFlag(name, option), option }));
  const width = Math.max(...rows.map(({ left }) => left.length)) + 2;
  return rows.flatMap(({ left, option }) => {
    const [first = '', ...rest] = wrap(`${option.description}${formatChoices(option.choices)}`, textWidth - width);
    return [`  ${paint('cyan', left.padEnd(width))}${first}`, ...rest.map((line) => `  ${' '.repeat(width)}${line}`)];
  });
}

function formatFlag(name: string, { negated, short, aliases = [], type, value, choices }: Option): string {
  const long = [name, ...aliases.filter((alias) => alias.length > 1)].map((flag) => `--${negated ? 'no-' : ''}${flag}`).join(', ');
  const argument = type === 'boolean' ? '' : ` ${value ?? (choices ? 'CHOICE' : 'VALUE')}`;
  return `${short ? `-${short}, ` : '    '}${long}${argument}${type === 'list' ? '…' : ''}`;
}

function formatChoices(choices: readonly string[] | undefined): string {
  return choices ? ` One of: ${choices.join(', ')}.` : '';
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
