import { Readable } from 'node:stream';

interface PullOptions {
  /** The next bytes, or null at the end. Called once at a time, when the reader has room. */
  next(): Promise<Uint8Array | null>;
  /** Called when the reader gives up before the end; not awaited, so that a long `next` cannot hold up a destroy. */
  stop(): void;
  /** What the reader sees of an error of `next`. */
  failure?(error: unknown): Error;
}

/** A byte stream that computes its bytes as they are read. */
export function pullStream({ next, stop, failure = (error) => error as Error }: PullOptions): Readable {
  let ended = false;
  return new Readable({
    highWaterMark: 1 << 18,
    read() {
      next().then(
        (bytes) => {
          ended ||= bytes === null;
          this.push(bytes);
        },
        (error: unknown) => {
          ended = true;
          this.destroy(failure(error));
        },
      );
    },
    destroy(error, callback) {
      if (!ended) stop();
      callback(error);
    },
  });
}
