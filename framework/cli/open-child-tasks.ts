import type { OpenTasks } from '../scrape/worker/run-child.ts';
import { openFlowRuns } from './open-flow-runs.ts';
import { Secrets } from './secrets.ts';

/** Connections of a child process, opened as they are needed: there may be 152 children, and PostgreSQL has 100 where nobody says otherwise. */
const mostConnections = 2;
/** Of the one child that runs all flows. */
const mostOfAll = 8;

/** What a child process runs its flows with. */
export const openChildTasks: OpenTasks = async (setup, { log, meter, signal }) => {
  const secrets = new Secrets();
  secrets.addTarget(setup.target);
  secrets.addStreams(setup.apis);
  secrets.addTexts(setup.secrets);
  const maxConnections = setup.target.workers === 'shared' ? mostOfAll : mostConnections;
  const open = await openFlowRuns({ ...setup, maxConnections, mask: (text) => secrets.redact(text), log, signal, meter });
  return { tasks: open.runs, [Symbol.asyncDispose]: () => open[Symbol.asyncDispose]() };
};
