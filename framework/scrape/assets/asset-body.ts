import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { messageOf } from '../../foundation/error.ts';
import { TaskFault } from '../task-fault.ts';
import type { MemoryBudget } from './memory-budget.ts';

export interface AssetBodyOptions {
  readonly budget: MemoryBudget;
  /** A larger body goes to a file. */
  readonly maxInMemory: number;
  /** Where such files are. */
  readonly dir: string;
}

const diskWaitMs = 60_000;

/**
 * The bytes of an asset on their way: in memory while they are few and there is room, in a file otherwise, so that neither a large asset nor
 * many small ones take more memory than the budget has. The file has no name from its beginning on: not even a crash leaves one.
 * Throws `TaskFault`, `returned`, where the disk takes no more.
 */
export class AssetBody implements AsyncDisposable {
  readonly #options: AssetBodyOptions;
  readonly #hash = createHash('sha256');
  #chunks: Buffer[] = [];
  #held = 0;
  #bytes = 0;
  #file: FileHandle | null = null;

  constructor(options: AssetBodyOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isInFile(): boolean {
    return this.#file !== null;
  }

  async write(chunk: Buffer): Promise<void> {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    if (this.#file === null && this.#bytes <= this.#options.maxInMemory && this.#options.budget.tryTake(chunk.length)) {
      this.#held += chunk.length;
      this.#chunks.push(chunk);
      return;
    }
    await this.#toFile(chunk);
  }

  /** SHA-256 in hex; once, when all is written. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  /** What was written, to be read once. */
  read(): Buffer | Readable {
    if (this.#file !== null) return this.#file.createReadStream({ start: 0, autoClose: false });
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [];
    return whole;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#release();
    await this.#file?.close();
  }

  async #toFile(chunk: Buffer): Promise<void> {
    try {
      this.#file ??= await openNameless(this.#options.dir);
      for (const held of this.#chunks) await this.#file.writeFile(held);
      this.#release();
      await this.#file.writeFile(chunk);
    } catch (cause) {
      throw new TaskFault('returned', 'ASSET_DISK', `the asset cannot be kept on its way: ${messageOf(cause)}`, {
        waitMs: diskWaitMs,
        cause,
      });
    }
  }

  #release(): void {
    this.#chunks = [];
    this.#options.budget.give(this.#held);
    this.#held = 0;
  }
}

async function openNameless(dir: string): Promise<FileHandle> {
  const path = join(dir, `gccflow-asset-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}
