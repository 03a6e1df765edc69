import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import type { ModuleKind } from './import-default.ts';
import type { Project } from './project.ts';

interface NamedFile {
  readonly node: string;
  readonly what: ModuleKind | 'proto' | 'PEM file';
  /** Relative to the file that names it. */
  readonly path: string;
  readonly at: Location;
}

/** A module whose default export a sink or flow calls. */
export interface CodeModule extends Pick<NamedFile, 'node' | 'path' | 'at'> {
  readonly what: ModuleKind;
  /** Absolute. */
  readonly file: string;
}

/** The modules that sinks and flows name, as far as they are there. */
export function codeModules({ dir, sinks, flows }: Pick<Project, 'dir' | 'sinks' | 'flows'>): readonly CodeModule[] {
  return [...sinks.flatMap(filesOfSink), ...flows.flatMap(filesOfFlow)].flatMap(({ node, what, path, at }) => {
    const file = resolve(dir, dirname(at.file), path);
    if (what === 'proto' || what === 'PEM file' || !existsSync(file)) return [];
    return [{ node, what, path, at, file }];
  });
}

/**
 * The hash of the code that each sink, ingest and flow names, by node; keys and certificates are no code. Reports FILE_UNREADABLE for files
 * that are named and not there. What stands in them is read when they start.
 */
export function hashNamedFiles(
  { dir, sinks, ingests, flows }: Pick<Project, 'dir' | 'sinks' | 'ingests' | 'flows'>,
  diagnostics: Diagnostics,
): ReadonlyMap<string, string> {
  const contents = new Map<string, Buffer[]>();
  for (const { node, what, path, at } of [
    ...sinks.flatMap(filesOfSink),
    ...ingests.flatMap(filesOfIngest),
    ...flows.flatMap(filesOfFlow),
  ]) {
    const file = resolve(dir, dirname(at.file), path);
    if (existsSync(file)) {
      if (what !== 'PEM file') contents.set(node, [...(contents.get(node) ?? []), readFileSync(file)]);
      continue;
    }
    const hint = didYouMean(basename(path), filesBeside(file)) ?? `Paths begin at the folder of this file, ${dirname(at.file)}/.`;
    diagnostics.report(new GccflowError('FILE_UNREADABLE', `The ${what} '${path}' does not exist.`, { at, hint }));
  }
  return new Map([...contents].map(([node, files]) => [node, hash('sha256', Buffer.concat(files))]));
}

function filesOfSink({ sink, transformAt }: Project['sinks'][number]): NamedFile[] {
  if (!sink.enabled || sink.transform === null) return [];
  return [{ node: `sink.${sink.name}`, what: 'transform', path: sink.transform, at: transformAt }];
}

function filesOfIngest({ ingest, protoAt, tlsAt }: Project['ingests'][number]): NamedFile[] {
  if (!ingest.enabled) return [];
  const { grpc, tls } = ingest;
  const node = `ingest.${ingest.name}`;
  return [
    ...(grpc ? [{ node, what: 'proto' as const, path: grpc.proto, at: protoAt }] : []),
    ...(tls ? [tls.cert, tls.key].map((path) => ({ node, what: 'PEM file' as const, path, at: tlsAt })) : []),
  ];
}

function filesOfFlow({ flow, parseAt, stepsAt, at }: Project['flows'][number]): NamedFile[] {
  if (!flow.enabled) return [];
  const node = `flow.${flow.name}`;
  const parser = typeof flow.parse === 'string' ? [{ node, what: 'parser' as const, path: flow.parse, at: parseAt }] : [];
  const steps = flow.process.flatMap((step, index) =>
    'run' in step ? [{ node, what: 'step' as const, path: step.run, at: stepsAt[index] ?? at }] : [],
  );
  return [...parser, ...steps];
}

function filesBeside(file: string): readonly string[] {
  try {
    return readdirSync(dirname(file));
  } catch {
    return []; // the folder does not exist either
  }
}
