import { GccflowError } from '../../foundation/error.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';

export const warehouseServe = defineCommand({
  name: 'warehouse serve',
  summary: 'Share the embedded warehouse over HTTP with other processes.',
  description:
    "Holds the target's embedded ClickHouse and serves it in ClickHouse's HTTP protocol until it is stopped. Other gccflow commands of the project find it by themselves; other clients take the address and the credentials from the file of mode 0600 that it prints.",
  examples: [
    { command: 'gccflow warehouse serve', description: 'On a free port of this machine.' },
    { command: 'gccflow warehouse serve --port 8123', description: 'On the port that clients expect.' },
  ],
  positionals: [],
  service: true,
  options: {
    host: { type: 'text', value: 'ADDRESS', description: 'Address to listen on. Default: 127.0.0.1.' },
    port: { type: 'number', value: 'PORT', description: 'Port to listen on. Default: a free one.' },
  },
  async run(values, context) {
    const { openProject } = await import('../open-project.ts');
    const { serveWarehouse } = await import('../../connections/serve-warehouse.ts');
    if ((values.port ?? 0) > 65_535) throw new GccflowError('USAGE', `'--port' takes a number up to 65535, not ${values.port}.`);
    const { project } = await openProject(values, context);
    await using served = await serveWarehouse(project.target.warehouse, {
      projectDir: project.dir,
      ...(values.host !== undefined && { host: values.host }),
      ...(values.port !== undefined && { port: values.port }),
      log: context.log,
      signal: context.signal,
    });
    context.output.print(served.url);
    context.output.note(
      `serving '${project.name}' as user '${served.user}', with the password in ${project.target.warehouse.type === 'embedded' ? project.target.warehouse.path : ''}.endpoint.json; stop with Ctrl-C`,
    );
    await served.closed;
    return exitCode.ok;
  },
});
