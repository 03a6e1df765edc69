import type { Manifest, Node, NodeId } from '../manifest/manifest.ts';
import type { StateComparison } from './compare-state.ts';
import { hasWildcard, matcher, pathMatcher } from './match-pattern.ts';
import { type SourceComparison, sourceStatus, state } from './state-methods.ts';

/** What a method may look at besides the node. */
export interface MethodContext {
  readonly manifest: Manifest;
  /** Status of each node in the last run. Throws ARTIFACT_MISSING where there was none. */
  readonly results: () => ReadonlyMap<NodeId, string>;
  /** The graph against the earlier one that --state names. Throws USAGE where none is named. */
  readonly state: () => StateComparison;
  /** What the last checks of freshness found. Throws ARTIFACT_MISSING where there was none. */
  readonly sources: () => SourceComparison;
  /** The nodes that a named selector picks. */
  readonly named: (name: string) => ReadonlySet<NodeId>;
}

/** One way to pick nodes: `method:value`, or `method.path:value`. */
export interface SelectorMethod {
  /** Says of a node whether it is meant. Called once a term, then once a node. */
  readonly match: (value: string, path: readonly string[], context: MethodContext) => (node: Node) => boolean;
  /** Values that would match something, to offer in place of one that matches nothing. */
  readonly values: (node: Node, path: readonly string[], context: MethodContext) => readonly string[];
  /** What to say where a value matches nothing, for a method whose values are known words. */
  readonly hint?: (value: string) => string;
}

const fqn: SelectorMethod = {
  match(value) {
    const matches = namedBy(value);
    return (node) => isParsed(node) && (matches(node.fqn) || matches(node.fqn.slice(1)));
  },
  values: (node) => (isParsed(node) ? [node.name, node.fqn.slice(1, -1).join('.')] : []),
};

const path: SelectorMethod = {
  match(value, _path, { manifest }) {
    const folder = `${manifest.projectDir.replace(/\/$/, '')}/`;
    const matches = pathMatcher(value.startsWith(folder) ? value.slice(folder.length) : value);
    return (node) => matches(node.file);
  },
  values: (node) => [node.file, node.file.replace(/\/[^/]*$/, '')],
};

const file: SelectorMethod = {
  match(value) {
    const matches = matcher(value);
    return (node) => matches(fileName(node)) || matches(fileName(node).replace(/\.[^.]*$/, ''));
  },
  values: (node) => [fileName(node)],
};

const tag: SelectorMethod = {
  match(value) {
    const matches = matcher(value);
    return (node) => node.tags.some(matches);
  },
  values: (node) => node.tags,
};

const config: SelectorMethod = {
  match: (value, keys) => (node) =>
    configItems(node, keys).some((item) => String(item) === (typeof item === 'boolean' ? value.toLowerCase() : value)),
  values: (node, keys) => configItems(node, keys).map(String),
};

const resourceType: SelectorMethod = {
  match: (value) => (node) => node.kind === value,
  values: (node) => [node.kind],
};

const source: SelectorMethod = {
  match(value, _path, { manifest }) {
    const parts = value.split('.');
    const [project = '*', name = '*', table = '*'] = parts.length === 3 ? parts : ['*', ...parts];
    const [inProject, inSource, isTable] = [matcher(project), matcher(name), matcher(table)];
    return (node) => node.kind === 'source' && inProject(manifest.projectName) && inSource(node.sourceName) && isTable(node.name);
  },
  values: (node) => (node.kind === 'source' ? [node.sourceName, `${node.sourceName}.${node.name}`] : []),
};

const packageMethod: SelectorMethod = {
  match(value, _path, { manifest }) {
    const matches = value === 'this' || matcher(value)(manifest.projectName);
    return () => matches;
  },
  values: (_node, _path, { manifest }) => [manifest.projectName],
};

const testName: SelectorMethod = {
  match(value) {
    const matches = matcher(value);
    return (node) => node.kind === 'test' && node.testType === 'generic' && matches(node.testName);
  },
  values: (node) => (node.kind === 'test' && node.testType === 'generic' ? [node.testName] : []),
};

const testType: SelectorMethod = {
  match: (value) => (node) =>
    node.kind === 'unit_test' ? value === 'unit' : node.kind === 'test' && (value === 'data' || node.testType === value),
  values: () => ['generic', 'singular', 'data', 'unit'],
};

const result: SelectorMethod = {
  match: (value, _path, { results }) => {
    const statuses = results();
    return (node) => statuses.get(node.id) === value;
  },
  values: (node, _path, { results }) => [results().get(node.id) ?? 'success'],
};

const selector: SelectorMethod = {
  match(value, _path, { named }) {
    const nodes = named(value);
    return (node) => nodes.has(node.id);
  },
  values: () => [],
};

/** Every method of the grammar by its name. */
export const selectorMethods: ReadonlyMap<string, SelectorMethod> = new Map(
  Object.entries({
    fqn,
    path,
    file,
    tag,
    config,
    resource_type: resourceType,
    source,
    exposure: byKind('exposure'),
    sync: byKind('sync'),
    sink: byKind('sink'),
    ingest: byKind('ingest'),
    api: byKind('api'),
    flow: byKind('flow'),
    schedule: byKind('schedule'),
    package: packageMethod,
    test_name: testName,
    test_type: testType,
    unit_test: byKind('unit_test'),
    result,
    state,
    source_status: sourceStatus,
    selector,
  }),
);

function byKind(kind: Node['kind']): SelectorMethod {
  return {
    match(value, _path, { manifest }) {
      const matches = matcher(value);
      return (node) => node.kind === kind && (matches(node.name) || matches(`${manifest.projectName}.${node.name}`));
    },
    values: (node) => (node.kind === kind ? [node.name] : []),
  };
}

/** What dbt finds by fqn: not sources and exposures, which have methods of their own. */
function isParsed(node: Node): boolean {
  return node.kind !== 'source' && node.kind !== 'exposure';
}

/** dbt's rule: the node's own name, or a dotted beginning of its path, with wildcards from the first segment that has one. */
function namedBy(value: string): (path: readonly string[]) => boolean {
  const wanted = value.split('.');
  const firstWildcard = wanted.findIndex(hasWildcard);
  const exact = firstWildcard === -1 ? wanted : wanted.slice(0, firstWildcard);
  const matchesRest = matcher(wanted.slice(exact.length).join('.'));
  return (path) => {
    if (path.at(-1) === value) return true;
    const segments = path.flatMap((segment) => segment.split('.'));
    if (segments.length < wanted.length || !exact.every((segment, index) => segments[index] === segment)) return false;
    return firstWildcard === -1 || matchesRest(segments.slice(firstWildcard).join('.'));
  };
}

function fileName(node: Node): string {
  return node.file.slice(node.file.lastIndexOf('/') + 1);
}

/** What a node's config says at `keys`: a scalar, the items of a list, or the keys of a map. */
function configItems(node: Node, keys: readonly string[]): readonly unknown[] {
  let value: unknown = configOf(node);
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return [];
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value;
  return typeof value === 'object' ? Object.keys(value) : [value];
}

function configOf(node: Node): object {
  switch (node.kind) {
    case 'model':
    case 'seed':
    case 'test':
    case 'unit_test':
      return node.config;
    case 'sync':
      return { ...node.sync, tags: node.tags, meta: node.meta };
    default:
      return { tags: node.tags, meta: node.meta };
  }
}
