import type { Location, Position } from '../foundation/location.ts';
import type { ApiFile } from './api-file.ts';
import type { GenericTest } from './builtins.ts';
import type { Constraint } from './constraint.ts';
import type { Env } from './expand-env.ts';
import type { FlowFile } from './flow-file.ts';
import type { FolderConfig } from './folder-config.ts';
import type { IngestFile } from './ingest-file.ts';
import type { ModelConfig } from './model-config.ts';
import type { Column, ExposureEntry } from './models-file.ts';
import type { Template } from './parse-template.ts';
import type { PlacedConfig } from './placed-config.ts';
import type { PlacedRule } from './rule.ts';
import type { ScheduleFile } from './schedule-file.ts';
import type { NamedSelector } from './selectors-file.ts';
import type { SinkFile } from './sink-file.ts';
import type { SyncFile } from './sync-file.ts';
import type { TargetConfig } from './target-config.ts';
import type { TestConfig } from './test-config.ts';
import type { TestDeclaration } from './test-entry.ts';
import type { Fixture, UnitTest } from './unit-test.ts';
import type { Written } from './written.ts';

/** The files of a project, read and checked one by one. What they say about each other is the manifest's business. */
export interface Project {
  readonly name: string;
  readonly version: string;
  readonly dir: string;
  readonly targetName: string;
  /** The chosen target, with its environment variables filled in. Holds secrets: never print it. */
  readonly target: TargetConfig;
  /** Of project.yaml, overridden by those of the command line. */
  readonly vars: Readonly<Record<string, unknown>>;
  readonly env: Env;
  readonly folderConfigs: {
    readonly models: FolderConfig<ModelConfig>;
    readonly seeds: FolderConfig<ModelConfig>;
    readonly tests: FolderConfig<TestConfig>;
  };
  readonly models: readonly ModelFile[];
  readonly seeds: readonly SeedFile[];
  readonly properties: readonly NodeProperties[];
  readonly sources: readonly SourceTable[];
  readonly exposures: readonly Exposure[];
  readonly unitTests: readonly UnitTest[];
  readonly fixtures: readonly Fixture[];
  readonly syncs: readonly Sync[];
  readonly sinks: readonly Sink[];
  readonly ingests: readonly Ingest[];
  readonly apis: readonly Api[];
  readonly flows: readonly Flow[];
  readonly schedules: readonly Schedule[];
  readonly singularTests: readonly TestFile[];
  /** Tests of `tests/generic/*.sql`, by name. */
  readonly genericTests: ReadonlyMap<string, GenericTest & { readonly template: Template }>;
  readonly macros: readonly MacroFile[];
  /** Functions of `macros/*.ts`, by name. */
  readonly helpers: ReadonlyMap<string, (...args: never[]) => unknown>;
  /** sha256 of the file that each of these is in, by the function's name. */
  readonly helperHashes: ReadonlyMap<string, string>;
  /** Of the code that sinks, ingests and flows name, by node: `flow.refresh_profile`. */
  readonly codeHashes: ReadonlyMap<string, string>;
  /** What files say of sources and of nodes outside models/, before the environment is filled in. */
  readonly written: Written;
  readonly rules: readonly PlacedRule[];
  /** Of selectors.yaml; empty where there is none. */
  readonly selectors: readonly NamedSelector[];
}

/** A file with a name: its path without folder and ending. */
interface NamedFile {
  readonly name: string;
  /** Relative to the project's folder, with `/`. */
  readonly file: string;
  /** Folders between the kind's own (`models/`) and the file. */
  readonly folders: readonly string[];
}

export interface ModelFile extends NamedFile {
  readonly template: Template;
  readonly config: PlacedConfig;
}

export interface SeedFile extends NamedFile {
  /** sha256 of the file's bytes, hex. */
  readonly contentHash: string;
}

/** A singular or user-defined generic test. */
export interface TestFile extends NamedFile {
  readonly template: Template;
  /** Of its `{{config}}`. */
  readonly config: PlacedConfig<TestConfig>;
}

export interface MacroFile extends NamedFile {
  readonly template: Template;
}

/** What a properties file says about one model or seed. */
export interface NodeProperties {
  readonly of: 'model' | 'seed';
  readonly name: string;
  readonly file: string;
  readonly at: Position;
  readonly description: string;
  readonly config: PlacedConfig;
  readonly columns: readonly Column[];
  readonly constraints: readonly Constraint[];
  readonly tests: readonly TestDeclaration[];
}

export interface SourceTable {
  readonly source: string;
  readonly sourceDescription: string;
  readonly table: string;
  readonly at: Location;
  readonly database: string;
  readonly identifier: string;
  readonly description: string;
  readonly loadedAt: string | null;
  readonly loadedAtQuery: string | null;
  readonly freshness: { readonly warnAfterMs: number | null; readonly errorAfterMs: number | null; readonly filter: string | null } | null;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly columns: readonly Column[];
  readonly tests: readonly TestDeclaration[];
}

export interface Exposure {
  readonly at: Location;
  readonly entry: ExposureEntry;
  /** Where each of `depends_on` stands. */
  readonly dependsOnAt: readonly Location[];
}

export interface Sync {
  readonly at: Location;
  /** Where `from` stands. */
  readonly fromAt: Location;
  readonly sync: SyncFile;
}

export interface Sink {
  readonly at: Location;
  /** Where `queue` stands. */
  readonly queueAt: Location;
  /** Where `transform` stands. */
  readonly transformAt: Location;
  /** Holds secrets of an API: never print it. */
  readonly sink: SinkFile;
}

export interface Ingest {
  readonly at: Location;
  /** Where `grpc.proto` and `tls` stand. */
  readonly protoAt: Location;
  readonly tlsAt: Location;
  /** Holds secrets: never print it. */
  readonly ingest: IngestFile;
}

export interface Api {
  readonly at: Location;
  /** May hold secrets: never print it. */
  readonly api: ApiFile;
}

export interface Flow {
  readonly at: Location;
  /** Where each name of `retrieve.api` stands. */
  readonly apisAt: readonly Location[];
  /** Where each of `limits` stands. */
  readonly limitsAt: readonly Location[];
  /** Where the main value of each step stands: its table, routing key, flow, API or module. */
  readonly stepsAt: readonly Location[];
  readonly parseAt: Location;
  readonly serveAt: Location;
  readonly flow: FlowFile;
}

export interface Schedule {
  readonly at: Location;
  readonly cronAt: Location;
  readonly timezoneAt: Location;
  readonly commandAt: Location;
  readonly schedule: ScheduleFile;
}
