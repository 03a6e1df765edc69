import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { isAlive } from './is-alive.ts';

/** Where a process that holds an embedded warehouse serves it. Beside the data directory, readable by its owner only. */
const WarehouseEndpoint = z.object({
  url: z.url(),
  user: z.string(),
  password: z.string(),
  pid: z.int().positive(),
});
export type WarehouseEndpoint = z.infer<typeof WarehouseEndpoint>;

function endpointFile(path: string): string {
  return `${path}.endpoint.json`;
}

/** The endpoint of the warehouse in `path`, or null. One whose process is gone is removed. */
export async function readEndpoint(path: string): Promise<WarehouseEndpoint | null> {
  const text = await readText(path);
  if (text === null) return null;
  const endpoint = livingEndpoint(text);
  if (endpoint === null) await removeEndpoint(path);
  return endpoint;
}

/** The same, and nothing is removed: who asks again and again might remove what another process has written meanwhile. */
export async function findEndpoint(path: string): Promise<WarehouseEndpoint | null> {
  const text = await readText(path);
  return text === null ? null : livingEndpoint(text);
}

export async function removeEndpoint(path: string): Promise<void> {
  await rm(endpointFile(path), { force: true });
}

/** Readers see a whole file or none. */
export async function writeEndpoint(path: string, endpoint: WarehouseEndpoint): Promise<void> {
  const written = `${endpointFile(path)}.${randomUUID()}`;
  await writeFile(written, `${JSON.stringify(endpoint)}\n`, { mode: 0o600 });
  await rename(written, endpointFile(path));
}

function readText(path: string): Promise<string | null> {
  return readFile(endpointFile(path), 'utf8').catch(() => null);
}

function livingEndpoint(text: string): WarehouseEndpoint | null {
  const endpoint = parseEndpoint(text);
  return endpoint !== null && isAlive(endpoint.pid) ? endpoint : null;
}

function parseEndpoint(text: string): WarehouseEndpoint | null {
  try {
    return WarehouseEndpoint.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
