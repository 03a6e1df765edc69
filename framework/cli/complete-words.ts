import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Diagnostics } from '../foundation/diagnostics.ts';
import type { Command, CommandContext, Option, Options } from './command.ts';
import { everywhereOptions } from './options.ts';
import { Secrets } from './secrets.ts';

/** What the last of the typed words may become. Never fails: where a project does not load, its names are left out. */
export async function completeWords(
  words: readonly string[],
  { cwd, env, commands, log }: Pick<CommandContext, 'cwd' | 'env' | 'commands' | 'log'>,
): Promise<readonly string[]> {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  return (await candidates(before, last, { cwd, env, commands, log, secrets: new Secrets() })).filter((candidate) =>
    candidate.startsWith(last),
  );
}

type Context = Pick<CommandContext, 'cwd' | 'env' | 'commands' | 'log' | 'secrets'>;

async function candidates(before: readonly string[], last: string, context: Context): Promise<readonly string[]> {
  const { commands } = context;
  const entry = commands.get(before.slice(0, 2).join(' ')) ?? commands.get(before[0] ?? '');
  if (!entry)
    return before.length > 0
      ? secondWords(before[0] ?? '', commands)
      : [...new Set([...commands.keys()].map((name) => name.split(' ')[0] ?? ''))];
  const command = await entry.load();
  const options: Options = { ...command.options, ...everywhereOptions };
  const option = flagBefore(before, options);
  if (option) return option.choices ?? (await named(option.completes, before, context));
  if (last.startsWith('-')) return Object.keys(options).map((name) => `--${options[name]?.negated ? 'no-' : ''}${name}`);
  return positionalCandidates(command, before, context);
}

function secondWords(first: string, commands: Context['commands']): readonly string[] {
  return [...commands.keys()].flatMap((name) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []));
}

/** The flag whose value is being typed. */
function flagBefore(before: readonly string[], options: Options): Option | undefined {
  const flag = before.findLast((word) => word.startsWith('-'));
  if (flag === undefined) return undefined;
  const found = Object.entries(options).find(([name, { short, aliases = [] }]) =>
    [`--${name}`, `-${short}`, ...aliases.map((alias) => (alias.length > 1 ? `--${alias}` : `-${alias}`))].includes(flag),
  )?.[1];
  const distance = before.length - before.lastIndexOf(flag);
  return found && found.type !== 'boolean' && (found.type === 'list' || distance === 1) ? found : undefined;
}

async function positionalCandidates(command: Command, before: readonly string[], context: Context): Promise<readonly string[]> {
  const given = before.filter((word) => !word.startsWith('-')).length - command.name.split(' ').length;
  const positional = command.positionals[Math.min(given, command.positionals.length - 1)];
  return positional?.choices ?? (await named(positional?.completes, before, context));
}

async function named(what: Option['completes'], before: readonly string[], context: Context): Promise<readonly string[]> {
  if (what === undefined || what === 'folder') return [];
  try {
    const { locateProject, openProject } = await import('./open-project.ts');
    const flag = before.indexOf('--project-dir');
    const dir = flag === -1 ? undefined : before[flag + 1];
    if (what === 'target') return await readTargetNames(locateProject(context.cwd, dir));
    const { manifest, project } = await openProject({ 'project-dir': dir, target: undefined, vars: undefined }, context);
    if (what === 'selector') return project.selectors.map(({ name }) => name);
    return [...manifest.nodes.values()]
      .filter(({ kind }) => (what === 'node' ? kind !== 'test' && kind !== 'unit_test' : kind === what))
      .map(({ name }) => name);
  } catch {
    return []; // a shell has no place to show a project's mistakes
  }
}

/** All targets of a project, whether or not the environment has what they need. */
async function readTargetNames(dir: string): Promise<readonly string[]> {
  const { parseYaml } = await import('../project/parse-yaml.ts');
  const document = parseYaml(readFileSync(join(dir, 'project.yaml'), 'utf8'), 'project.yaml', new Diagnostics());
  return Object.keys((document?.value as { targets?: object } | null | undefined)?.targets ?? {});
}
