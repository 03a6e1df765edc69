import type { Clock } from '../../foundation/clock.ts';
import { type HttpClient, HttpFault, type HttpRequest, type StreamedAnswer } from '../calls/http-client.ts';
import { readRateHeaders } from '../calls/rate-headers.ts';
import { TaskFault } from '../task-fault.ts';
import { requireHost } from './asset-address.ts';
import { AssetBody, type AssetBodyOptions } from './asset-body.ts';
import type { Asset } from './asset-uploads.ts';
import { sniffBytes, sniffImageType } from './sniff-type.ts';

export interface DownloadDeps {
  readonly http: Pick<HttpClient, 'stream'>;
  readonly reach: HttpRequest['reach'];
  readonly body: AssetBodyOptions;
  readonly clock: Clock;
}

/** An asset that came whole, and is an image. Disposing it lets go of its bytes. */
export interface DownloadedAsset extends AsyncDisposable {
  readonly body: AssetBody;
  readonly contentType: string;
  /** In hex. */
  readonly sha256: string;
}

const timeouts = { connectMs: 5000, headersMs: 20_000, bodyMs: 20_000, totalMs: 120_000 } as const;
/** Statuses below 500 that another try may change. */
const passing = new Set([408, 425, 429]);

/** Fetches an asset. Throws `TaskFault`, and the signal's reason. */
export async function downloadAsset(asset: Asset, address: URL, deps: DownloadDeps, signal: AbortSignal): Promise<DownloadedAsset> {
  try {
    await using answer = await deps.http.stream(requestOf(asset, address, deps.reach), signal);
    requireImageAnswer(answer, asset, deps.clock);
    return await receive(answer, deps.body);
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown instanceof HttpFault ? faultOf(thrown) : thrown;
  }
}

function requestOf({ maxBytes }: Asset, url: URL, reach: HttpRequest['reach']): HttpRequest {
  // Images are packed already; what is not packed again has a length that can be checked.
  const headers = { accept: 'image/*', 'accept-encoding': 'identity' };
  return { method: 'GET', url, headers, body: null, timeouts, maxBytes, proxy: null, reach };
}

function requireImageAnswer({ status, headers, url }: StreamedAnswer, { hosts }: Asset, clock: Clock): void {
  requireHost(url, hosts);
  if (status === 200) return;
  const kind = status < 500 && !passing.has(status) ? 'refused' : 'failed';
  throw new TaskFault(kind, 'HTTP_STATUS', `${url.host} answered ${status}`, {
    waitMs: readRateHeaders(headers, clock.now()).retryAfterMs ?? 0,
  });
}

async function receive(answer: StreamedAnswer, options: AssetBodyOptions): Promise<DownloadedAsset> {
  await using opening = new AsyncDisposableStack();
  const body = opening.use(new AssetBody(options));
  const contentType = await readInto(body, answer);
  requireWhole(body, answer);
  const open = opening.move();
  return { body, contentType, sha256: body.digest(), [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** Reads no further than its first bytes where they are none of an image. Gives back its type. */
async function readInto(body: AssetBody, answer: StreamedAnswer): Promise<string> {
  let start: Buffer | null = Buffer.alloc(0);
  let contentType = '';
  for await (const chunk of answer.body) {
    if (start === null) {
      await body.write(chunk);
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.length < sniffBytes) continue;
    contentType = await requireImage(start, answer);
    await body.write(start);
    start = null;
  }
  if (start === null) return contentType;
  contentType = await requireImage(start, answer);
  await body.write(start);
  return contentType;
}

async function requireImage(start: Buffer, { url, headers }: StreamedAnswer): Promise<string> {
  const type = await sniffImageType(start);
  if (type !== null) return type;
  const said = headers['content-type'] ?? 'without a content type';
  const what = start.length === 0 ? 'nothing' : `what is no image (${said.slice(0, 100)})`;
  throw new TaskFault('refused', 'ASSET_TYPE', `${url.host} sent ${what}`);
}

/** The client throws where a connection is lost; this is for a server that closes it in order, too early. */
function requireWhole({ bytes }: AssetBody, { headers, url }: StreamedAnswer): void {
  const promised = headers['content-length'];
  if (promised === undefined || Number(promised) === bytes) return;
  throw new TaskFault('failed', 'ASSET_TRUNCATED', `${url.host} sent ${bytes} of ${promised} bytes`);
}

function faultOf(fault: HttpFault): TaskFault {
  const refused = fault.kind === 'refused_address' || fault.kind === 'too_large';
  return new TaskFault(refused ? 'refused' : 'failed', `HTTP_${fault.kind.toUpperCase()}`, fault.message, { cause: fault });
}
