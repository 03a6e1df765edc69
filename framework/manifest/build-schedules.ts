import type { Project } from '../project/project.ts';
import type { Declared } from './build-nodes.ts';
import { streamCommon } from './build-streams.ts';
import type { ScheduleNode } from './manifest.ts';

/** The schedules. What they pick is no edge of the graph: their commands select as they are run. */
export function buildSchedules(project: Project): Declared<ScheduleNode>[] {
  return project.schedules.map((entry) => {
    const { schedule, at, cronAt, timezoneAt, commandAt } = entry;
    const node: ScheduleNode = {
      kind: 'schedule',
      id: `schedule.${schedule.name}`,
      ...streamCommon(schedule, at, project),
      schedule,
      cronAt,
      timezoneAt,
      commandAt,
    };
    return { enabled: schedule.enabled, node };
  });
}
