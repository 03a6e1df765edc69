import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';

/**
 * Header lines sent while a statement still runs, one after the other, as ClickHouse tells progress. Node sends its headers in one piece,
 * so from the first early line on the answer is written by hand: always with status 200, in chunks, and the connection closes after it.
 */
export class EarlyHeaders {
  readonly #socket: Socket | null;
  #begun = false;

  constructor(response: ServerResponse) {
    this.#socket = response.socket;
  }

  get begun(): boolean {
    return this.#begun;
  }

  tell(name: string, value: string): void {
    if (!this.#socket?.writable) {
      this.#begun = true;
      return;
    }
    if (!this.#begun) this.#socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n');
    this.#begun = true;
    this.#socket.write(`${name}: ${value}\r\n`);
  }

  /** Sends the other headers; gives back where the body goes. */
  finish(headers: OutgoingHttpHeaders): Writable {
    for (const [name, value] of Object.entries(headers)) {
      if (!['content-length', 'connection'].includes(name.toLowerCase())) this.tell(name, String(value));
    }
    const socket = this.#socket;
    if (socket?.writable) socket.write('\r\n');
    // A client that has gone is no failure of ours: what is left of its answer is dropped.
    return new Writable({
      write(chunk: Buffer, _encoding, callback) {
        if (!socket?.writable) return callback();
        socket.write(`${chunk.length.toString(16)}\r\n`);
        socket.write(chunk);
        socket.write('\r\n', () => callback());
      },
      final(callback) {
        if (!socket?.writable) return callback();
        socket.end('0\r\n\r\n', () => callback());
      },
    });
  }
}
