import { resolve } from 'node:path';
import type { TestContext } from 'node:test';
import type { Broker } from '../../framework/connections/broker.ts';
import { brokerPlaces, openAt } from './broker-places.ts';
import { type CliRun, type ProjectFolder, projectFolder, runCli } from './cli.ts';

export interface BrokerProject extends AsyncDisposable {
  readonly folder: ProjectFolder;
  readonly broker: Broker;
  /** Runs gccflow in the project. */
  run(...args: readonly string[]): Promise<CliRun>;
}

/** A project of sinks on a broker that other tests use too: queues need names of their own. Null where the machine has no such broker. */
export async function brokerProject(
  context: TestContext,
  kind: keyof typeof brokerPlaces,
  sinks: readonly Readonly<Record<string, unknown>>[],
): Promise<BrokerProject | null> {
  const place = await brokerPlaces[kind](context);
  if (place === null) return null;
  await using opening = new AsyncDisposableStack();
  const { config, postgres, projectDir } = place.address;
  const shared = postgres.type === 'embedded' ? { ...postgres, path: resolve(projectDir, postgres.path) } : postgres;
  const project = { name: 'streams', targets: { dev: { broker: config, postgres: shared } } };
  const files = sinks.map((sink, index): [string, string] => [`sinks/${index}.yaml`, JSON.stringify({ kind: 'sink', ...sink })]);
  const folder = opening.use(projectFolder({ 'project.yaml': JSON.stringify(project), ...Object.fromEntries(files) }));
  const broker = opening.use(await openAt(place.address));
  const open = opening.move();
  return {
    folder,
    broker,
    run: (...args) => runCli(args, { cwd: folder.dir }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
