import { runChild } from '../scrape/worker/run-child.ts';
import { openChildTasks } from './open-child-tasks.ts';
import { openSupervisorLine } from './supervisor-line.ts';

await runChild(openSupervisorLine(), openChildTasks);
process.exit(0);
