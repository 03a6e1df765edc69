import type { Location } from '../foundation/location.ts';
import type { ApiFile } from '../project/api-file.ts';
import type { Constraint } from '../project/constraint.ts';
import type { FlowFile } from '../project/flow-file.ts';
import type { IngestFile } from '../project/ingest-file.ts';
import type { ModelConfig } from '../project/model-config.ts';
import type { Column, ExposureType } from '../project/models-file.ts';
import type { Template } from '../project/parse-template.ts';
import type { ScheduleFile } from '../project/schedule-file.ts';
import type { SinkFile } from '../project/sink-file.ts';
import type { SyncFile } from '../project/sync-file.ts';
import type { TestConfig } from '../project/test-config.ts';
import type { Fixture, UnitTestExpect, UnitTestOverrides, UnitTestRows } from '../project/unit-test.ts';
import type { Relation } from './relation.ts';

/** `model.stg_post`, `seed.category`, `source.beat.youtube_post`, `test.not_null_stg_post_id`, `sync.leaderboard`, `sink.event`, `ingest.app`, `api.graphapi`, `flow.refresh_profile`, `schedule.core`, `exposure.dashboard`. */
export type NodeId = `${Node['kind']}.${string}`;

/** Anything in the graph, told apart by `kind`. */
export type Node =
  | SourceNode
  | SeedNode
  | ModelNode
  | TestNode
  | UnitTestNode
  | SyncNode
  | SinkNode
  | IngestNode
  | ApiNode
  | FlowNode
  | ScheduleNode
  | ExposureNode;

/** What `gccflow build` brings up to date. */
export type BuildableNode = SeedNode | ModelNode | SyncNode;

interface NodeCommon {
  readonly id: NodeId;
  readonly name: string;
  /** dbt's dotted path: project name, folders below `models/`, name. */
  readonly fqn: readonly string[];
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly description: string;
  /** The file that defines the node, relative to the project's folder, with `/`. */
  readonly file: string;
  readonly at: Location;
}

/** A warehouse table that no model builds. */
export interface SourceNode extends NodeCommon {
  readonly kind: 'source';
  readonly id: `source.${string}`;
  readonly sourceName: string;
  /** Of the source that the table belongs to. */
  readonly sourceDescription: string;
  readonly relation: Relation;
  readonly columns: readonly Column[];
  /** Column or expression that says when a row was loaded. */
  readonly loadedAt: string | null;
  /** A SELECT that gives the time at which the table was loaded, in place of `loadedAt`. */
  readonly loadedAtQuery: string | null;
  /** null where nobody asks how old the rows may be. */
  readonly freshness: Freshness | null;
}

/** How old the newest row may be. At least one of the two ages is set. */
export interface Freshness {
  readonly warnAfterMs: number | null;
  readonly errorAfterMs: number | null;
  /** SQL condition on the rows that `loadedAt` is read of. */
  readonly filter: string | null;
}

/** A CSV file loaded as a table. */
export interface SeedNode extends NodeCommon {
  readonly kind: 'seed';
  readonly id: `seed.${string}`;
  readonly relation: Relation;
  readonly config: ModelConfig;
  readonly columns: readonly Column[];
  /** The file that declares the columns; null where none does. */
  readonly propertiesFile: string | null;
  /** sha256 of the file's bytes, hex. */
  readonly contentHash: string;
}

/** One SELECT, rendered from a template and materialized as its config says. */
export interface ModelNode extends NodeCommon {
  readonly kind: 'model';
  readonly id: `model.${string}`;
  readonly relation: Relation;
  readonly config: ModelConfig;
  readonly columns: readonly Column[];
  /** The file that declares the columns; null where none does. */
  readonly propertiesFile: string | null;
  readonly constraints: readonly Constraint[];
  readonly template: Template;
}

/** A query that must return no rows. */
export interface TestNode extends NodeCommon {
  readonly kind: 'test';
  readonly id: `test.${string}`;
  readonly testType: 'generic' | 'singular';
  /** `not_null`, `unique`, or a generic test of the project; for a singular test its own name. */
  readonly testName: string;
  /** The node whose properties declare it; null for a singular test. */
  readonly attachedTo: NodeId | null;
  readonly column: string | null;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Arguments that name a relation, and the node each names. */
  readonly references: Readonly<Record<string, NodeId>>;
  readonly config: TestConfig;
  readonly template: Template;
}

/** Rows of a unit test: in its own file, or in a fixture. */
export type TestRows =
  | Exclude<UnitTestRows, { readonly format: 'fixture' }>
  | (Pick<UnitTestRows, 'path' | 'at'> & { readonly format: 'fixture'; readonly fixture: Fixture });

/** Rows that stand for a relation while a unit test runs. */
export interface UnitTestInput {
  /** The model's own id for `this`; null for rows that a macro is tried on. */
  readonly node: NodeId | null;
  /** As the test names it. */
  readonly input: string;
  readonly at: Location;
  /** null: those of the seed's own file. */
  readonly rows: TestRows | null;
}

/** What a unit test says comes out. */
export type UnitTestExpectation = Pick<UnitTestExpect, 'ordered' | 'sql'> & {
  readonly rows: TestRows | null;
  readonly ctes: readonly { readonly name: string; readonly at: Location; readonly rows: TestRows }[];
};

/** A model or macro tried on a few rows, without a warehouse. It reads its model, and nothing reads it. */
export interface UnitTestNode extends NodeCommon {
  readonly kind: 'unit_test';
  readonly id: `unit_test.${string}`;
  readonly subject:
    | { readonly kind: 'model'; readonly id: `model.${string}` }
    | { readonly kind: 'macro'; readonly name: string; readonly arguments: Readonly<Record<string, unknown>> };
  readonly inputs: readonly UnitTestInput[];
  readonly expect: UnitTestExpectation;
  readonly overrides: Pick<UnitTestOverrides, 'vars' | 'macros' | 'env' | 'incremental' | 'now'>;
  readonly config: { readonly enabled: boolean; readonly tags: readonly string[]; readonly meta: Readonly<Record<string, unknown>> };
}

/** A relation exported to PostgreSQL. */
export interface SyncNode extends NodeCommon {
  readonly kind: 'sync';
  readonly id: `sync.${string}`;
  /** The model, seed or source that is exported. */
  readonly from: NodeId;
  readonly sync: SyncFile;
}

/** A queue drained into a table or an API, by `gccflow sink`. */
export interface SinkNode extends NodeCommon {
  readonly kind: 'sink';
  readonly id: `sink.${string}`;
  /** The table it fills in ClickHouse; null where it writes elsewhere. */
  readonly table: Relation | null;
  /** Holds secrets of an API: never print it. */
  readonly sink: SinkFile;
}

/** A server that takes events and publishes them, by `gccflow ingest`. */
export interface IngestNode extends NodeCommon {
  readonly kind: 'ingest';
  readonly id: `ingest.${string}`;
  /** Holds secrets: never print it. */
  readonly ingest: IngestFile;
}

/** An upstream HTTP API that flows call. */
export interface ApiNode extends NodeCommon {
  readonly kind: 'api';
  readonly id: `api.${string}`;
  /** May hold secrets: never print it. */
  readonly api: ApiFile;
}

/** A named scrape workflow, run by `gccflow worker`. */
export interface FlowNode extends NodeCommon {
  readonly kind: 'flow';
  readonly id: `flow.${string}`;
  readonly flow: FlowFile;
}

/** A command of gccflow that is to be run at certain times. */
export interface ScheduleNode extends NodeCommon {
  readonly kind: 'schedule';
  readonly id: `schedule.${string}`;
  readonly schedule: ScheduleFile;
  readonly cronAt: Location;
  readonly timezoneAt: Location;
  readonly commandAt: Location;
}

/** A use of the data outside gccflow. Selectable, never run. */
export interface ExposureNode extends NodeCommon {
  readonly kind: 'exposure';
  readonly id: `exposure.${string}`;
  readonly type: ExposureType;
  /** Their name, else their address. */
  readonly owner: string | null;
  readonly ownerEmail: string | null;
  readonly url: string | null;
}

/** A macro file: a Handlebars partial, called `{{> name}}`. */
export interface Macro {
  readonly name: string;
  readonly file: string;
  readonly template: Template;
}

/** A function of the project's `macros/*.ts`, called as a template helper. */
export type MacroHelper = (...args: never[]) => unknown;

/** The whole graph. Plain and readonly, so that every later stage can be printed, tested and rerun. */
export interface Manifest {
  readonly projectName: string;
  readonly projectDir: string;
  readonly target: string;
  readonly nodes: ReadonlyMap<NodeId, Node>;
  /** Nodes that a node reads, in the order its file names them. Every node has an entry. */
  readonly parents: ReadonlyMap<NodeId, readonly NodeId[]>;
  /** Nodes that read a node. Every node has an entry. */
  readonly children: ReadonlyMap<NodeId, readonly NodeId[]>;
  readonly macros: ReadonlyMap<string, Macro>;
  readonly helpers: ReadonlyMap<string, MacroHelper>;
  /** sha256 of the file that each helper is in, by the helper's name. */
  readonly helperHashes: ReadonlyMap<string, string>;
  /** Hash of the code that a sink, ingest or flow names: its transform, proto, parser and steps. */
  readonly codeHashes: ReadonlyMap<NodeId, string>;
  /** What files say of sources and of nodes outside models/, before the environment is filled in: by id, without secrets. */
  readonly written: ReadonlyMap<NodeId, string>;
  readonly vars: Readonly<Record<string, unknown>>;
  /** The environment, for `{{env "X"}}`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Nodes that are in the files with `enabled: false`. */
  readonly disabled: readonly Node[];
}
