import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';
import type { Style } from '../output.ts';

export const debug = defineCommand({
  name: 'debug',
  summary: 'Say of every part of a target what it is and whether it answers.',
  description:
    'Loads the project, opens every connection of the target, and prints for each what it is, its version and whether it answers, with what to do where it does not. A broker and a limiter are named without being asked: nothing uses them yet. Never prints a secret. Exits 1 if a part does not answer.',
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
    if (values.json)
      output.print(
        JSON.stringify(
          { gccflow: readVersion(), node: process.versions.node, project: project.name, target: project.targetName, parts },
          null,
          2,
        ),
      );
    else {
      output.print(`gccflow ${readVersion()} on Node.js ${process.versions.node}`);
      output.print(`project '${project.name}', ${manifest.nodes.size} nodes, target '${project.targetName}'\n`);
      for (const { part, what, answers, detail, hint } of parts) {
        const mark = formatMark(answers, (style, text) => output.paint('stdout', style, text));
        output.print(`${mark}  ${part.padEnd(9)}  ${what}: ${detail}`);
        if (hint !== null) output.print(`        ${output.paint('stdout', 'cyan', 'hint:')} ${hint}`);
      }
    }
    return parts.every(({ answers }) => answers !== false) ? exitCode.ok : exitCode.failed;
  },
});

function formatMark(answers: boolean | null, paint: (style: Style, text: string) => string): string {
  if (answers === null) return 'unused';
  return answers ? paint('green', 'ok    ') : paint('red', 'failed');
}
