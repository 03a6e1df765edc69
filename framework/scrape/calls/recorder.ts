import { join } from 'node:path';
import { type Dispatcher, SnapshotAgent } from 'undici';

/** For tests: answers of real servers, kept in a folder and given again without the network. */
export interface Recording {
  /** Holds `answers.json`. */
  readonly dir: string;
  /** `record` asks the servers, whatever address they have, and writes their answers when the client is disposed; `playback` answers from them alone. */
  readonly mode: 'record' | 'playback';
}

export interface Recorder extends AsyncDisposable {
  readonly agent: Dispatcher;
  /** Keeps values out of what is recorded, from here on and of what was recorded before. */
  hide(secrets: readonly string[]): void;
}

const mask = '***';

/**
 * Records with undici's own agent. Of a request its method, URL and body are kept, of its headers the content type alone; what is hidden
 * is masked there and in the answers. Requests that differ in nothing else get their answers in the order of the recording.
 */
export function openRecorder({ dir, mode }: Recording): Recorder {
  const secrets = new Set<string>();
  const masked = (text: string): string => [...secrets].reduce((rest, secret) => rest.replaceAll(secret, mask), text);
  const agent = new SnapshotAgent({
    mode,
    snapshotPath: join(dir, 'answers.json'),
    matchHeaders: ['content-type'],
    excludeHeaders: ['set-cookie'],
    normalizeQuery: (query) => new URLSearchParams([...query].map(([name, value]): [string, string] => [name, masked(value)])).toString(),
    normalizeBody: (body) => (body === null || body === undefined ? '' : masked(body.toString())),
  });
  return {
    agent,
    hide: (values) => {
      for (const value of values) if (value !== '') secrets.add(value);
    },
    [Symbol.asyncDispose]: async () => {
      for (const { responses } of agent.getRecorder().getSnapshots()) {
        for (const response of responses) {
          response.headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, masked(String(value))]));
          const body = Buffer.from(response.body, 'base64');
          if ([...secrets].some((secret) => body.includes(secret))) response.body = Buffer.from(masked(body.toString())).toString('base64');
        }
      }
      await agent.close();
    },
  };
}
