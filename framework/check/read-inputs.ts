import { join } from 'node:path';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import { quoteText } from '../foundation/quote.ts';
import type { Manifest, SeedNode, SourceNode } from '../manifest/manifest.ts';
import type { Project } from '../project/project.ts';
import { fieldsOf, readCsvHeader } from '../run/csv-file.ts';
import { readSeedColumns } from '../run/read-seed-columns.ts';
import { findMalformed, nothingLoaded } from '../run/seed-faults.ts';
import { keyOf } from './check-cache.ts';
import type { CheckEngine } from './check-engine.ts';
import type { TypedColumn } from './checked-graph.ts';
import { placeOfColumn } from './column-place.ts';
import { placeOfConfig } from './config-place.ts';
import { declaredColumns } from './declared-columns.ts';
import { engineWarehouse } from './engine-warehouse.ts';
import { errorFinding, thrownFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { unknownType } from './unknown-type.ts';

/** A source or seed whose columns a file says. */
export interface Input {
  readonly node: SourceNode | SeedNode;
  readonly columns: readonly TypedColumn[];
  readonly key: string;
}

/** All that the columns of a source or seed depend on. */
export function inputKey(node: SourceNode | SeedNode, manifest: Manifest): string {
  if (node.kind === 'source') return keyOf([node.relation, declaredColumns(node, manifest)]);
  return keyOf([node.relation, node.contentHash, node.config, typesOf(node)]);
}

/** What a file says of the columns of a source or seed. */
export interface ReadInput {
  /** null where nothing says them. */
  readonly columns: readonly TypedColumn[] | null;
  /** What is wrong with them; null where nothing is. */
  readonly finding: Finding | null;
}

/** The columns of a source or seed; of a seed with a mistake those that its header names. */
export async function readInput(
  node: SourceNode | SeedNode,
  { manifest, project, engine }: { readonly manifest: Manifest; readonly project: Project; readonly engine: CheckEngine },
): Promise<ReadInput> {
  if (node.kind === 'source') return { columns: declaredColumns(node, manifest), finding: null };
  try {
    return { columns: await readSeedColumns(node, engineWarehouse(engine), project.dir), finding: null };
  } catch (thrown) {
    const columns = await headerColumns(node, project.dir);
    const malformed = columns && isOfRows(thrown) ? inCheck(await findMalformed(node, join(project.dir, node.file), columns.length)) : null;
    return { columns, finding: malformed ? errorFinding(node, malformed) : thrownFinding(node, thrown, placeNamed(node, thrown, project)) };
  }
}

/** Whether ClickHouse could not read the rows. */
function isOfRows(thrown: unknown): boolean {
  return thrown instanceof GccflowError && thrown.code === 'WAREHOUSE_QUERY';
}

/** What is wrong with the rows of a seed, said where nothing was to be loaded. */
export function inCheck(fault: GccflowError | null): GccflowError | null {
  if (!fault) return null;
  const { code, message, at, hint, cause } = fault;
  return new GccflowError(code, message.replace(` ${nothingLoaded}`, ''), { at, hint, cause });
}

async function headerColumns({ file, config: { delimiter } }: SeedNode, dir: string): Promise<readonly TypedColumn[] | null> {
  const header = await readCsvHeader(join(dir, file), delimiter).catch(() => null);
  const names = header ? fieldsOf(header, delimiter).map(({ text }) => text) : [];
  const isSound = names.length > 0 && names.every((name, index) => name.trim() !== '' && names.indexOf(name) === index);
  return isSound ? names.map((name) => ({ name, type: unknownType })) : null;
}

/** Declared columns, those unknown whose types ClickHouse does not have. */
export async function soundColumns(columns: readonly TypedColumn[], engine: CheckEngine): Promise<readonly TypedColumn[]> {
  const once = columns.filter(({ name }, index) => columns.findIndex((column) => column.name === name) === index);
  const answers = await engine.run(once.map(({ type }) => ({ sql: `select defaultValueOfTypeName(${quoteText(type, 'clickhouse')})` })));
  return once.map(({ name, type }, index) => ({ name, type: answers[index]?.kind === 'rows' ? type : unknownType }));
}

/** The declared column that a complaint names. */
function placeNamed(node: SeedNode, thrown: unknown, project: Project): Location | undefined {
  const said = messageOf(thrown);
  const column = node.columns.find(({ name }) => said.includes(`'${name}'`));
  if (!(thrown instanceof GccflowError) || isWithin(node, thrown.at)) return undefined;
  const typed = Object.keys(node.config.column_types).some((name) => said.includes(`'${name}'`));
  if (typed) return placeOfConfig(project, node, 'column_types');
  return column && placeOfColumn(node, column.name, project);
}

/** Whether a complaint knows its place in the seed itself, and not only that it is about it. */
function isWithin({ file }: SeedNode, at: Location | undefined): boolean {
  return at?.file === file && (at.line > 1 || at.column > 1);
}

function typesOf({ columns }: SeedNode): readonly string[] {
  return columns.map(({ name, type }) => `${name} ${type}`);
}
