import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';
import type { Style } from '../output.ts';
import type { ProbedPart } from '../probe-target.ts';

export const debug = defineCommand({
  name: 'debug',
  summary: 'Say of every part of a target what it is and whether it answers.',
  description:
    'Loads the project, opens every connection of the target, and prints for each what it is, its version and whether it answers, with what to do where it does not. Never prints a secret. Exits 1 if a part does not answer.',
  examples: [
    { command: 'gccflow debug', description: 'The default target.' },
    { command: 'gccflow debug --target prod --json', description: 'Another one, as JSON.' },
  ],
  positionals: [],
  options: { json },
  async run(values, context) {
    const { openProject } = await import('../open-project.ts');
    const { probeTarget } = await import('../probe-target.ts');
    const { readVersion } = await import('../read-version.ts');
    const { output } = context;
    const { project, manifest } = await openProject(values, context);
    const parts = await probeTarget(project, context);
    const about = { gccflow: readVersion(), node: process.versions.node, project: project.name, target: project.targetName };
    if (values.json) output.printJson({ ...about, parts });
    else {
      output.print(`gccflow ${about.gccflow} on Node.js ${about.node}`);
      output.print(`project '${about.project}', ${manifest.nodes.size} nodes, target '${about.target}'\n`);
      for (const part of parts) output.print(formatPart(part, (style, text) => output.paint('stdout', style, text)));
    }
    return parts.every(({ answers }) => answers) ? exitCode.ok : exitCode.failed;
  },
});

type Paint = (style: Style, text: string) => string;

function formatPart({ part, what, answers, detail, hint }: ProbedPart, paint: Paint): string {
  const line = `${formatMark(answers, paint)}  ${part.padEnd(9)}  ${what}: ${detail}`;
  return hint === null ? line : `${line}\n        ${paint('cyan', 'hint:')} ${hint}`;
}

function formatMark(answers: boolean, paint: Paint): string {
  return answers ? paint('green', 'ok    ') : paint('red', 'failed');
}
