import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import type { Project } from './project.ts';

interface NamedFile {
  readonly what: string;
  /** Relative to the file that names it. */
  readonly path: string;
  readonly at: Location;
}

/** Reports FILE_UNREADABLE for files that sinks, ingests and flows name and that are not there. What stands in them is read when they start. */
export function checkNamedFiles(
  { dir, sinks, ingests, flows }: Pick<Project, 'dir' | 'sinks' | 'ingests' | 'flows'>,
  diagnostics: Diagnostics,
): void {
  for (const { what, path, at } of [...sinks.flatMap(filesOfSink), ...ingests.flatMap(filesOfIngest), ...flows.flatMap(filesOfFlow)]) {
    const file = resolve(dir, dirname(at.file), path);
    if (existsSync(file)) continue;
    const hint = didYouMean(basename(path), filesBeside(file)) ?? `Paths begin at the folder of this file, ${dirname(at.file)}/.`;
    diagnostics.report(new GccflowError('FILE_UNREADABLE', `The ${what} '${path}' does not exist.`, { at, hint }));
  }
}

function filesOfSink({ sink, transformAt }: Project['sinks'][number]): NamedFile[] {
  return sink.enabled && sink.transform !== null ? [{ what: 'transform', path: sink.transform, at: transformAt }] : [];
}

function filesOfIngest({ ingest, protoAt, tlsAt }: Project['ingests'][number]): NamedFile[] {
  if (!ingest.enabled) return [];
  const { grpc, tls } = ingest;
  return [
    ...(grpc ? [{ what: 'proto', path: grpc.proto, at: protoAt }] : []),
    ...(tls ? [tls.cert, tls.key].map((path) => ({ what: 'PEM file', path, at: tlsAt })) : []),
  ];
}

function filesOfFlow({ flow, parseAt, stepsAt, at }: Project['flows'][number]): NamedFile[] {
  if (!flow.enabled) return [];
  const parser = typeof flow.parse === 'string' ? [{ what: 'parser', path: flow.parse, at: parseAt }] : [];
  const steps = flow.process.flatMap((step, index) => ('run' in step ? [{ what: 'step', path: step.run, at: stepsAt[index] ?? at }] : []));
  return [...parser, ...steps];
}

function filesBeside(file: string): readonly string[] {
  try {
    return readdirSync(dirname(file));
  } catch {
    return []; // the folder does not exist either
  }
}
