import { Worker } from 'node:worker_threads';
import { GccflowError } from '../foundation/error.ts';
import type { Manifest, Node, NodeId } from '../manifest/manifest.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import { type CodeModule, codeModules } from '../project/hash-named-files.ts';
import { moduleExamples } from '../project/import-default.ts';
import type { ImportFault } from '../project/import-fault.ts';
import type { Project } from '../project/project.ts';
import type { Finding } from './finding.ts';

/** What the thread of modules is given. */
export interface ModulesToLoad {
  readonly dir: string;
  /** Absolute. */
  readonly paths: readonly string[];
}

/** What the thread says of each module in their order, before it goes on to the next. */
export type LoadedModule = { readonly kind: 'function' } | { readonly kind: 'no-function' } | ({ readonly kind: 'fault' } & ImportFault);

/** For all of them together. */
const limitMs = 30_000;

/**
 * Modules of sinks and flows that do not load, or whose default export is no function, as their process would find when it starts. They are
 * loaded in a thread, so that what they print, open or end is not this process's.
 */
export async function checkModules(
  project: Project,
  { nodes }: Pick<Manifest, 'nodes'>,
  only: ReadonlySet<NodeId> | null,
): Promise<readonly Finding[]> {
  const asked = codeModules(project).flatMap((module) => {
    const node = nodes.get(module.node as NodeId);
    return node && (only === null || only.has(node.id)) ? [{ ...module, subject: node }] : [];
  });
  if (asked.length === 0) return [];
  const paths = [...new Set(asked.map(({ file }) => file))];
  const loaded = await loadAll({ dir: project.dir, paths });
  const findings = asked.flatMap((module) => {
    const result = loaded[paths.indexOf(module.file)] ?? null;
    const isFirst = result !== null || paths[loaded.length] === module.file; // of those behind one that hangs nothing is known
    return isFirst ? mistakeOf(module, module.subject, result) : [];
  });
  return [...new Map(findings.map((finding) => [JSON.stringify(finding.error.at), finding])).values()];
}

/** What the thread said, in the order of the paths; of fewer where one of them does not end. */
async function loadAll(modules: ModulesToLoad): Promise<readonly LoadedModule[]> {
  const loaded: LoadedModule[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const thread = new Worker(new URL('./module-thread.ts', import.meta.url), { workerData: modules, stdout: true, stderr: true });
  const timer = setTimeout(resolve, limitMs);
  thread.on('message', (said: LoadedModule) => {
    loaded.push(said);
    if (loaded.length === modules.paths.length) resolve();
  });
  thread.once('error', () => resolve());
  thread.once('exit', () => resolve());
  await promise;
  clearTimeout(timer);
  await thread.terminate();
  return loaded;
}

/** `result`: null where loading ended without an answer, or not at all. */
function mistakeOf({ what, path, at }: CodeModule, node: Node, result: LoadedModule | null): readonly Finding[] {
  const whose = `The ${what} '${path}' of ${subjectOf(node)}`;
  const told = (severity: Finding['severity'], message: string, place = at, hint?: string): Finding[] => [
    { severity, node: node.id, error: new GccflowError('FILE_UNREADABLE', message, { at: place, hint }) },
  ];
  if (result === null) return told('warn', `${whose} does not come to an end when it is loaded.`);
  if (result.kind === 'function') return [];
  if (result.kind === 'no-function')
    return told('error', `${whose} has no function as its default export.`, at, `Write: ${moduleExamples[what]}`);
  const severity = result.isCode ? 'error' : 'warn';
  return told(severity, `${whose} cannot be loaded: ${result.reason}.`, result.at ?? at);
}
