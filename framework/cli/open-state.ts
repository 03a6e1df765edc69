import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { CheckArtifact } from '../check/check-artifact.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import type { NodeId } from '../manifest/manifest.ts';
import type { EarlierState } from '../plan/earlier-state.ts';
import type { SourceAge } from '../plan/state-methods.ts';
import type { Project } from '../project/project.ts';
import type { ObjectsConfig } from '../project/target-config.ts';
import { parseRunResults } from '../run/read-run-results.ts';
import { parseSources } from '../run/read-sources.ts';
import { parseState } from '../run/read-state.ts';
import type { CommandContext } from './command.ts';

/** The artifacts that `--state` names. Each is read when it is asked for; one that is not there is ARTIFACT_MISSING. */
export interface OpenState {
  manifest(): Promise<EarlierState>;
  /** Status of each node of the run that left the artifacts. */
  results(): Promise<ReadonlyMap<NodeId, string>>;
  sources(): Promise<ReadonlyMap<NodeId, SourceAge>>;
  /** The columns that `gccflow check` found; null where it left nothing. */
  check(): Promise<CheckArtifact | null>;
  /** The same; where it left nothing, ARTIFACT_MISSING. */
  columns(): Promise<CheckArtifact>;
}

/** What a place of artifacts holds under a file's name; null where there is no such file. */
type ReadArtifact = (file: string) => Promise<string | null>;

/** Artifacts in a folder, seen from `cwd`, or below `s3://bucket/prefix`, with the credentials of the target's object store where that is S3. */
export function openState(path: string, project: Project, { cwd, log }: Pick<CommandContext, 'cwd' | 'log'>): OpenState {
  const readArtifact = path.startsWith('s3://') ? readFromBucket(path, project.target.objects) : readFromFolder(resolve(cwd, path));
  const read = async (file: string, left: string): Promise<string> => {
    const content = await readArtifact(file);
    if (content !== null) return content;
    throw new GccflowError('ARTIFACT_MISSING', `There is no ${file} in '${path}', which --state names.`, { hint: left });
  };
  const place = (file: string): string => `${path.replace(/\/$/, '')}/${file}`;
  let manifest: Promise<EarlierState> | null = null;
  return {
    manifest() {
      manifest ??= read('manifest.json', 'Keep the target/ folder of a run: build, run and test leave it there.').then((content) =>
        toldOfMissingFacts(parseState(content, place('manifest.json')), log),
      );
      return manifest;
    },
    async results() {
      const content = await read('run_results.json', 'Keep it with the manifest of the run that left both.');
      return parseRunResults(content, place('run_results.json')).statuses;
    },
    async sources() {
      return parseSources(await read('sources.json', '`gccflow freshness` leaves it in target/.'), place('sources.json'));
    },
    async columns() {
      return parseCheck(await read('check.json', '`gccflow check` leaves it in target/, beside the manifest.'), place('check.json'));
    },
    async check() {
      const content = await readArtifact('check.json');
      return content === null ? null : parseCheck(content, place('check.json'));
    },
  };
}

/** Who selects by `state:` is to know that the answer is a rough one. */
function toldOfMissingFacts(state: EarlierState, log: Log): EarlierState {
  const nodes = [...state.nodes.values()].filter(({ facts }) => facts === null).length;
  if (nodes > 0) log.warn({ state: state.from, nodes }, 'nodes compared by their templates alone, as the state holds no facts of them');
  return state;
}

/** The text of a check.json. Throws ARTIFACT_MISSING where it is none. */
export function parseCheck(content: string, path: string): CheckArtifact {
  try {
    return CheckArtifact.parse(JSON.parse(content));
  } catch (cause) {
    const hint = '`gccflow check` writes it anew.';
    throw new GccflowError('ARTIFACT_MISSING', `'${path}' cannot be read: it is no check of this gccflow.`, { hint, cause });
  }
}

function readFromFolder(dir: string): ReadArtifact {
  return (file) =>
    readFile(join(dir, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
      const message = `'${join(dir, file)}' cannot be read: ${error.message}.`;
      throw new GccflowError('ARTIFACT_MISSING', message, { hint: '--state names a folder with a manifest.json.', cause: error });
    });
}

function readFromBucket(url: string, objects: ObjectsConfig): ReadArtifact {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(url) ?? [];
  if (bucket === '') {
    throw new GccflowError('USAGE', `'${url}' names no bucket.`, { hint: 'Write --state s3://bucket/prefix.' });
  }
  const account = objects.type === 's3' ? objects : { region: 'us-east-1', endpoint: null, access_key_id: null, secret_access_key: null };
  return async (file) => {
    const { S3Objects } = await import('../connections/objects-s3.ts');
    await using store = new S3Objects({ ...account, type: 's3', bucket, prefix });
    return (await store.size(file)) === null ? null : text(await store.get(file));
  };
}
