import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';

export const completion = defineCommand({
  name: 'completion',
  summary: 'Print the completion script of a shell.',
  description: 'Prints a script that completes commands, flags, their values and the names of nodes and targets in your shell.',
  examples: [
    { command: 'source <(gccflow completion bash)', description: 'In ~/.bashrc.' },
    { command: 'source <(gccflow completion zsh)', description: 'In ~/.zshrc, after compinit.' },
    { command: 'gccflow completion fish | source', description: 'In ~/.config/fish/config.fish.' },
  ],
  positionals: [
    { name: 'shell', description: 'The shell.', choices: ['bash', 'zsh', 'fish'], required: true },
    { name: 'words', description: 'What is typed so far: prints candidates, one a line. For the scripts.', several: true },
  ],
  options: {},
  async run(_values, { positionals: [shell = '', ...words], ...context }) {
    if (words.length > 0) {
      const { completeWords } = await import('../complete-words.ts');
      for (const candidate of await completeWords(words, context)) context.output.print(candidate);
      return exitCode.ok;
    }
    const { completionScripts } = await import('../completion-scripts.ts');
    context.output.print(completionScripts[shell as keyof typeof completionScripts]);
    return exitCode.ok;
  },
});
