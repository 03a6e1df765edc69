import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { formatLocation, locate, startOf } from '../foundation/location.ts';
import type { Builtins } from '../project/builtins.ts';
import { hintOfDbtName } from '../project/dbt-name.ts';
import { configsAlong } from '../project/folder-config.ts';
import { ModelConfig } from '../project/model-config.ts';
import { emptyConfig, type PlacedConfig } from '../project/placed-config.ts';
import type { NodeProperties, Project } from '../project/project.ts';
import { incompleteContract } from './contract.ts';
import type { ModelNode, Node, SeedNode, SourceNode } from './manifest.ts';
import { mergeConfigs, placeOfKey } from './merge-config.ts';
import type { Relation } from './relation.ts';

/** A node of the files, and whether it takes part. */
export interface Declared<Kind extends Node = Node> {
  readonly node: Kind;
  readonly enabled: boolean;
}

export function buildSources(project: Project): Declared<SourceNode>[] {
  return project.sources.map((table) => ({
    enabled: true,
    node: {
      kind: 'source',
      id: `source.${table.source}.${table.table}`,
      name: table.table,
      sourceName: table.source,
      sourceDescription: table.sourceDescription,
      fqn: [project.name, ...foldersOf(table.at.file), table.source, table.table],
      tags: table.tags,
      meta: table.meta,
      description: table.description,
      file: table.at.file,
      at: table.at,
      relation: { database: table.database, name: table.identifier },
      columns: table.columns,
      loadedAt: table.loadedAt,
      loadedAtQuery: table.loadedAtQuery,
      freshness: table.freshness,
    },
  }));
}

export function buildSeeds(project: Project, builtins: Builtins, diagnostics: Diagnostics): Declared<SeedNode>[] {
  const properties = propertiesOf('seed', project, project.seeds, diagnostics);
  const defaults = { ...ModelConfig.parse({}), materialized: 'seed' };
  return project.seeds.map((seed) => {
    const own = properties.get(seed.name);
    const places = [...configsAlong(project.folderConfigs.seeds, [...seed.folders, seed.name]), own?.config ?? emptyConfig];
    const config = { ...mergeConfigs(defaults, places), materialized: 'seed' };
    const node: SeedNode = {
      kind: 'seed',
      id: `seed.${seed.name}`,
      name: seed.name,
      fqn: [project.name, ...seed.folders, seed.name],
      tags: config.tags,
      meta: config.meta,
      description: own?.description ?? '',
      file: seed.file,
      at: startOf(seed.file),
      relation: relationOf(seed.name, config, project),
      config,
      columns: own?.columns ?? [],
      propertiesFile: own?.file ?? null,
      contentHash: seed.contentHash,
    };
    checkConfig(node, places, builtins, diagnostics);
    return { node, enabled: config.enabled };
  });
}

export function buildModels(project: Project, builtins: Builtins, diagnostics: Diagnostics): Declared<ModelNode>[] {
  const properties = propertiesOf('model', project, project.models, diagnostics);
  const defaults = ModelConfig.parse({});
  return project.models.map((model) => {
    const own = properties.get(model.name);
    const along = configsAlong(project.folderConfigs.models, [...model.folders, model.name]);
    const places = [...along, own?.config ?? emptyConfig, model.config];
    const config = mergeConfigs(defaults, places);
    const node: ModelNode = {
      kind: 'model',
      id: `model.${model.name}`,
      name: model.name,
      fqn: [project.name, ...model.folders, model.name],
      tags: config.tags,
      meta: config.meta,
      description: own?.description ?? '',
      file: model.file,
      at: model.template.start,
      relation: relationOf(model.name, config, project),
      config,
      columns: own?.columns ?? [],
      propertiesFile: own?.file ?? null,
      constraints: own?.constraints ?? [],
      template: model.template,
    };
    checkConfig(node, places, builtins, diagnostics);
    if (config.enabled) for (const mistake of incompleteContract(node)) diagnostics.report(mistake);
    return { node, enabled: config.enabled };
  });
}

function relationOf(name: string, config: ModelConfig, project: Project): Relation {
  return { database: config.database ?? project.target.warehouse.database, name: config.alias ?? name };
}

/** What properties files say, by the node's name. Reports entries that fit no file, and second entries. */
function propertiesOf(
  of: NodeProperties['of'],
  project: Project,
  files: readonly { readonly name: string }[],
  diagnostics: Diagnostics,
): ReadonlyMap<string, NodeProperties> {
  const names = new Set(files.map(({ name }) => name));
  const byName = new Map<string, NodeProperties>();
  for (const entry of project.properties.filter((candidate) => candidate.of === of)) {
    const { name } = entry;
    const at = locate(entry.file, entry.at);
    const other = byName.get(name);
    if (!names.has(name)) {
      const message = `The properties of '${name}' belong to no ${of}: no file has that name.`;
      diagnostics.report(new GccflowError('REF_NOT_FOUND', message, { at, hint: didYouMean(name, names) }));
    } else if (other) {
      const message = `The ${of} '${name}' has properties in ${formatLocation(locate(other.file, other.at))} already.`;
      diagnostics.report(new GccflowError('NAME_DUPLICATE', message, { at, hint: 'Keep one entry for each name.' }));
    } else byName.set(name, entry);
    for (const mistake of repeatedColumns(entry)) diagnostics.report(mistake);
  }
  return byName;
}

/** Columns that an entry describes a second time. */
function repeatedColumns({ of, name, file, columns }: NodeProperties): readonly GccflowError[] {
  return columns.flatMap((column, index) => {
    const first = columns.findIndex((other) => other.name === column.name);
    if (first === index) return [];
    const message = `The properties of the ${of} '${name}' have the column '${column.name}' twice, first in line ${columns[first]?.at.line}.`;
    return [
      new GccflowError('NAME_DUPLICATE', message, { at: locate(file, column.at), hint: 'Put all that is said of a column in one entry.' }),
    ];
  });
}

/** Reports a materialization that does not exist, and what the materialization finds wrong with the config. */
function checkConfig(node: ModelNode | SeedNode, places: readonly PlacedConfig[], builtins: Builtins, diagnostics: Diagnostics): void {
  const { config } = node;
  if (!config.enabled) return;
  const materialization = builtins.materializations.get(config.materialized);
  if (!materialization || (node.kind === 'model' && config.materialized === 'seed')) {
    const names = [...builtins.materializations.keys()].filter((name) => name !== 'seed');
    const hint =
      hintOfDbtName('materialized', config.materialized) ?? didYouMean(config.materialized, names) ?? `There are: ${names.join(', ')}.`;
    const message = `The ${node.kind} '${node.name}' names the materialization '${config.materialized}', which does not exist.`;
    diagnostics.report(new GccflowError('MATERIALIZATION_UNKNOWN', message, { at: placeOfKey('materialized', places) ?? node.at, hint }));
    return;
  }
  for (const mistake of materialization.check(config)) {
    const place = placeOfKey(mistake.key as keyof ModelConfig, places) ?? node.at;
    diagnostics.report(
      new GccflowError(mistake.code, `The ${node.kind} '${node.name}': ${mistake.message}`, { at: place, hint: mistake.hint }),
    );
  }
}

function foldersOf(file: string): string[] {
  return file.split('/').slice(1, -1);
}
