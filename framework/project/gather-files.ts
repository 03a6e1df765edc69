import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { startOf } from '../foundation/location.ts';
import { nameFile } from './name-file.ts';
import type { FileContent } from './parse-file.ts';
import type {
  Api,
  Exposure,
  Flow,
  Ingest,
  MacroFile,
  ModelFile,
  NodeProperties,
  Project,
  Schedule,
  SeedFile,
  Sink,
  SourceTable,
  Sync,
  TestFile,
} from './project.ts';
import { templateOf } from './template-body.ts';
import type { UnitTest } from './unit-test.ts';
import { userTest } from './user-test.ts';

export type Gathered = Pick<
  Project,
  | 'models'
  | 'seeds'
  | 'properties'
  | 'sources'
  | 'exposures'
  | 'unitTests'
  | 'syncs'
  | 'sinks'
  | 'ingests'
  | 'apis'
  | 'flows'
  | 'schedules'
  | 'singularTests'
  | 'genericTests'
  | 'macros'
  | 'written'
>;

/** Sorts what the files declare by its kind, and names it by its file. */
export function gatherFiles(contents: ReadonlyMap<string, FileContent>, diagnostics: Diagnostics): Gathered {
  const models: ModelFile[] = [];
  const seeds: SeedFile[] = [];
  const properties: NodeProperties[] = [];
  const sources: SourceTable[] = [];
  const exposures: Exposure[] = [];
  const unitTests: UnitTest[] = [];
  const syncs: Sync[] = [];
  const sinks: Sink[] = [];
  const ingests: Ingest[] = [];
  const apis: Api[] = [];
  const flows: Flow[] = [];
  const schedules: Schedule[] = [];
  const singularTests: TestFile[] = [];
  const genericTests: TestFile[] = [];
  const macros: MacroFile[] = [];
  const written: Record<string, string> = {};
  for (const [file, content] of contents) {
    Object.assign(written, content.written);
    switch (content.kind) {
      case 'model':
        models.push({ ...nameFile(file, 'models'), template: templateOf(file, content.template), config: content.config });
        break;
      case 'test': {
        const isGeneric = file.startsWith('tests/generic/');
        const named = nameFile(file, isGeneric ? 'tests/generic' : 'tests/data');
        const test = { ...named, template: templateOf(file, content.template), config: content.config };
        (isGeneric ? genericTests : singularTests).push(test);
        break;
      }
      case 'macro':
        macros.push({ ...nameFile(file, 'macros'), template: templateOf(file, content.template) });
        break;
      case 'seed':
        seeds.push({ ...nameFile(file, 'sources/seeds'), contentHash: content.contentHash });
        break;
      case 'properties':
        properties.push(...content.properties);
        exposures.push(...content.exposures);
        unitTests.push(...content.unitTests);
        break;
      case 'sources':
        sources.push(...content.tables);
        break;
      case 'sync':
        syncs.push(content.sync);
        break;
      case 'sink':
        sinks.push(content.sink);
        break;
      case 'ingest':
        ingests.push(content.ingest);
        break;
      case 'api':
        apis.push(content.api);
        break;
      case 'flow':
        flows.push(content.flow);
        break;
      case 'schedule':
        schedules.push(content.schedule);
    }
  }
  reportNamesakes('macro', macros, diagnostics);
  reportNamesakes('generic test', genericTests, diagnostics);
  const tests = new Map(genericTests.map((test) => [test.name, userTest(test)]));
  return {
    models,
    seeds,
    properties,
    sources,
    exposures,
    unitTests,
    syncs,
    sinks,
    ingests,
    apis,
    flows,
    schedules,
    singularTests,
    genericTests: tests,
    macros,
    written,
  };
}

/** Macros and generic tests are called by name, so that the second of a name would silently hide the first. */
function reportNamesakes(kind: string, files: readonly { readonly name: string; readonly file: string }[], diagnostics: Diagnostics): void {
  const byName = new Map<string, string>();
  for (const { name, file } of files) {
    const other = byName.get(name);
    if (other !== undefined) {
      const message = `The ${kind} '${name}' is also defined in ${other}.`;
      diagnostics.report(
        new GccflowError('NAME_DUPLICATE', message, { at: startOf(file), hint: 'Names are unique whatever the folder; rename one.' }),
      );
    }
    byName.set(name, file);
  }
}
