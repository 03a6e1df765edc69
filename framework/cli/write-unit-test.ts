import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCheckEngine } from '../check/check-engine.ts';
import { createUnitTest } from '../check/unit-tests/create-unit-test.ts';
import { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { unwritable } from '../foundation/unwritable.ts';
import type { ModelNode } from '../manifest/manifest.ts';
import { parseYaml } from '../project/parse-yaml.ts';
import { replaceFile } from '../run/replace-file.ts';
import type { CommandContext } from './command.ts';
import { nodeError } from './node-error.ts';
import { openTargetWarehouse } from './open-connections.ts';
import type { OpenProject } from './open-project.ts';

export interface UnitTestRequest {
  readonly count: number;
  /** Made up where undefined. */
  readonly name: string | undefined;
}

/** Writes a unit test of a model from live rows into a file beside it; gives back the file, relative to the project's folder. */
export async function writeUnitTest(
  { project, manifest }: OpenProject,
  model: ModelNode,
  { count, name: asked }: UnitTestRequest,
  { log, signal, clock }: Pick<CommandContext, 'log' | 'signal' | 'clock'>,
): Promise<string> {
  const isTaken = (name: string): boolean => manifest.nodes.has(`unit_test.${model.name}.${name}`);
  if (asked !== undefined && isTaken(asked)) {
    throw new GccflowError('NAME_DUPLICATE', `The model '${model.name}' has a unit test '${asked}'.`, { hint: 'Give another --name.' });
  }
  const name = asked ?? numbered('live_rows', isTaken);
  const { file, before } = placeFor(model, project.dir);
  const entry = await create();
  await replaceFile(join(project.dir, file), `${before}${entry}`).catch((thrown) => {
    throw unwritable(thrown) ?? thrown;
  });
  return file;

  async function create(): Promise<string> {
    try {
      await using warehouse = await openTargetWarehouse(project, { threads: 1, log, signal, waitLockMs: 0 });
      await using engine = await openCheckEngine();
      return await createUnitTest(model, { manifest, warehouse, engine, name, count, now: clock.now() });
    } catch (thrown) {
      throw thrown instanceof GccflowError ? nodeError(thrown, model, manifest) : thrown;
    }
  }
}

/** The file beside the model that a test can be added to at its end, and what stands in it; a new one where it ends with something else. */
function placeFor(model: ModelNode, dir: string): { readonly file: string; readonly before: string } {
  const base = model.file.replace(/\.sql$/, '.unit-tests');
  for (let number = 1; ; number++) {
    const file = `${base}${number === 1 ? '' : `-${number}`}.yaml`;
    if (!existsSync(join(dir, file))) return { file, before: 'kind: models\nunit_tests:\n' };
    const text = readFileSync(join(dir, file), 'utf8');
    const value = parseYaml(text, file, new Diagnostics())?.value;
    const isList = value !== null && typeof value === 'object' && Array.isArray(Reflect.get(value, 'unit_tests'));
    if (isList && Object.keys(value).at(-1) === 'unit_tests' && /^ {2}- /m.test(text)) return { file, before: `${text.trimEnd()}\n\n` };
  }
}

function numbered(name: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(name)) return name;
  for (let number = 2; ; number++) if (!isTaken(`${name}_${number}`)) return `${name}_${number}`;
}
