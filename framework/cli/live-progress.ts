import { createLogUpdate } from 'log-update';
import { formatDuration } from '../foundation/duration.ts';
import type { NodeId } from '../manifest/manifest.ts';
import type { RunEvent } from '../run/run-deps.ts';
import { formatStatus } from './format-run.ts';
import type { Style } from './output.ts';
import type { Progress, ProgressOptions } from './progress.ts';

interface RunningNode {
  readonly node: NodeId;
  readonly startedAt: number;
  read: string;
  intervals: string;
}

const redrawMs = 100;
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** The running nodes with their time and rows, and how much is done, redrawn in place; what fails stays above it. */
export function openLiveProgress({ output, total, clock }: ProgressOptions): Progress {
  // Hiding the cursor would bring a signal listener that ends the process on the first SIGINT, before queries are ended.
  const display = createLogUpdate(output.stderr as NodeJS.WriteStream, { showCursor: true });
  const paint = (style: Style, text: string): string => output.paint('stderr', style, text);
  const diverted = output.divert((line) => display.persist(line));
  const running = new Map<NodeId, RunningNode>();
  const begun = clock.now().getTime();
  let done = 0;
  let failed = 0;
  let waiting = '';
  let frame = 0;

  const draw = (): void => {
    const now = clock.now().getTime();
    const spinner = frames[frame++ % frames.length] ?? '';
    const nodes = [...running.values()].map(({ node, startedAt, read, intervals }) => {
      const facts = [formatDuration(now - startedAt), intervals, read].filter((fact) => fact !== '').map((fact) => paint('dim', fact));
      return [`${paint('cyan', spinner)} ${node}`, ...facts].join('  ');
    });
    const failures = failed === 0 ? '' : `, ${paint('red', `${failed} failed`)}`;
    display(
      output.redact([...nodes, `${waiting}${done}/${total} done${failures}  ${paint('dim', formatDuration(now - begun))}`].join('\n')),
    );
  };

  const onEvent = (event: RunEvent): void => {
    switch (event.kind) {
      case 'waiting':
        waiting = `waiting for the run ${event.holder.run} (${event.holder.command})  `;
        break;
      case 'started':
        waiting = '';
        running.set(event.node, { node: event.node, startedAt: event.at.getTime(), read: '', intervals: '' });
        break;
      case 'progress': {
        const node = running.get(event.node);
        if (node) node.read = formatRead(event.readRows, event.totalRows);
        break;
      }
      case 'intervals': {
        const node = running.get(event.node);
        if (node) node.intervals = `${event.done}/${event.total} intervals`;
        break;
      }
      case 'retrying':
        output.note(`${paint('yellow', 'again')} ${event.node}: ${event.reason}`);
        break;
      case 'finished': {
        const { node, status, message } = event.result;
        running.delete(node);
        done++;
        if (status !== 'error' && status !== 'fail') break;
        failed++;
        output.note(`${formatStatus(status, paint)} ${node}: ${message.split('\n')[0]}`);
      }
    }
  };

  const timer = setInterval(draw, redrawMs);
  return {
    onEvent,
    [Symbol.dispose]: () => {
      clearInterval(timer);
      diverted[Symbol.dispose]();
      display.clear();
      display.done();
    },
  };
}

function formatRead(readRows: number, totalRows: number | null): string {
  const rows = `${readRows.toLocaleString('en')} rows read`;
  return totalRows === null || totalRows === 0 ? rows : `${rows} (${Math.min(100, Math.round((readRows / totalRows) * 100))} %)`;
}
