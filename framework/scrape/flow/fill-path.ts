import { fillTemplate } from '../../project/flow-template.ts';
import { TaskFault } from '../task-fault.ts';

/**
 * A path with its values, percent-encoded: whatever a value holds, it stays within its segment. Throws TaskFault for values that no encoding
 * keeps there: none, the empty text, and those that make a segment `.` or `..`.
 */
export function fillPath(template: string, lookUp: (name: string) => unknown): string {
  const path = fillTemplate(template, lookUp, (text, name) => {
    if (text === '') throw unfit(template, `'${name}' is empty`);
    if (!text.isWellFormed()) throw unfit(template, `'${name}' is no proper text`);
    return encodeURIComponent(text);
  });
  if (path === null) throw unfit(template, 'a value is missing');
  const climbs = path.split('/').some((segment) => segment === '.' || segment === '..');
  if (climbs) throw unfit(template, 'a value would lead to another path');
  return path;
}

/** The same task would fail again. */
function unfit(template: string, reason: string): TaskFault {
  return new TaskFault('refused', 'PATH_UNFIT', `The path '${template}' cannot be filled: ${reason}.`);
}
