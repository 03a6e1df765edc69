import { GccflowError } from '../../foundation/error.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';

export const serveScrape = defineCommand({
  name: 'serve scrape',
  summary: 'Answer HTTP requests by running tasks of flows.',
  description:
    'Takes requests at the address of the `serve` of the target until it is stopped. A GET request to the path of a flow that declares `serve` runs a task of it at once, in this process, within the same limits as the workers, and is answered with its records; POST /scrape-requests queues a task for the workers. All routes are described at /docs. Any number of processes may serve the same flows. The first signal makes it take no more requests and answer those under way.',
  examples: [
    { command: 'gccflow serve scrape', description: 'Every flow of the project that declares `serve`.' },
    { command: 'gccflow serve scrape --port 8080', description: 'At another port than the target says.' },
  ],
  positionals: [],
  service: true,
  options: {
    host: { type: 'text', value: 'ADDRESS', description: 'Address to listen on. Default: that of the target, 127.0.0.1.' },
    port: {
      type: 'number',
      least: 0,
      value: 'PORT',
      description: 'Port to listen on, a free one where 0. Default: that of the target, 8000.',
    },
  },
  async run(values, context) {
    const { serveScrapeWith } = await import('../serve-scrape-with.ts');
    const { port } = values;
    if ((port ?? 0) > 65_535) throw new GccflowError('USAGE', `'--port' takes a number up to 65535, not ${port}.`);
    await serveScrapeWith(values, context);
    return exitCode.ok;
  },
});
