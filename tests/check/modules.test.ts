import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCheck } from '../../framework/check/run-check.ts';
import { type Files, projectDir } from '../support/project-dir.ts';
import { readCommand } from '../support/read-command.ts';

const flow = (name: string, rest: string): string => `kind: flow\nname: ${name}\nretrieve: { api: [shop], path: / }\n${rest}\n`;
const files: Files = {
  'sources/apis/shop.yaml': 'kind: api\nname: shop\nbase_url: https://shop.example\n',
  'sinks/order.yaml':
    'kind: sink\nname: order\nqueue: { name: order }\nto: { clickhouse: raw.order }\ntransform: ./order.ts\ncolumns: { id: UInt64 }\n',
  'sinks/order.ts': 'export default (body: { readonly id: number }) => body;\n',
  'flows/fetch.yaml': flow('fetch', 'parse: parse.ts\nprocess:\n  - run: step.ts\n  - run: other.ts'),
  'flows/parse.ts': "import { only } from './shared.ts';\nconsole.log('loaded');\nexport default (body: unknown) => only(body);\n",
  'flows/shared.ts': 'export const only = (body: unknown): unknown[] => [body];\n',
  'flows/step.ts': 'export default async () => {};\n',
  'flows/other.ts': 'export default async () => {};\nsetInterval(() => {}, 1000);\n',
};

async function check(changed: Files): Promise<readonly string[]> {
  using dir = projectDir({ ...files, ...changed });
  const { findings } = await runCheck({ ...(await dir.load()), engine: null, only: null, readCommand });
  return findings.map(({ severity, error: { at, message } }) => `${severity} ${at?.file}:${at?.line}:${at?.column} ${message}`);
}

test('modules of sinks and flows that load are no mistake, whatever they print and leave open', async () => {
  assert.deepEqual(await check({}), []);
});

const mistakes: readonly { readonly what: string; readonly changed: Files; readonly told: string }[] = [
  {
    what: 'syntax',
    changed: { 'sinks/order.ts': 'export default (body: object) => {\n  retrun { body };\n};\n' },
    told: "error sinks/order.ts:2:10 The transform './order.ts' of Sink 'order' cannot be loaded: Expected ';', '}' or <eof>.",
  },
  {
    what: 'no default export',
    changed: { 'sinks/order.ts': 'export const rows = (body: object) => body;\n' },
    told: "error sinks/order.yaml:5:12 The transform './order.ts' of Sink 'order' has no function as its default export.",
  },
  {
    what: 'a default export that is no function',
    changed: { 'flows/step.ts': 'export default { run() {} };\n' },
    told: "error flows/fetch.yaml:6:10 The step 'step.ts' of Flow 'fetch' has no function as its default export.",
  },
  {
    what: 'an import of no file',
    changed: { 'flows/step.ts': "import { one } from './one.ts';\nexport default one;\n" },
    told: "error flows/step.ts:1:21 The step 'step.ts' of Flow 'fetch' cannot be loaded: Cannot find module 'flows/one.ts'.",
  },
  {
    what: 'an import of no package',
    changed: { 'flows/step.ts': "import one from '@no/such-package/part';\nexport default one;\n" },
    told: "error flows/step.ts:1:17 The step 'step.ts' of Flow 'fetch' cannot be loaded: Cannot find package '@no/such-package'.",
  },
  {
    what: 'an import of what another file does not export',
    changed: { 'flows/shared.ts': 'export const all = 1;\n' },
    told: "error flows/parse.ts:1:10 The parser 'parse.ts' of Flow 'fetch' cannot be loaded: The requested module './shared.ts' does not provide an export named 'only'.",
  },
  {
    what: 'a mistake in what it imports',
    changed: { 'flows/shared.ts': 'export const only = 1;\nconst const all = 2;\n' },
    told: "error flows/shared.ts:2:7 The parser 'parse.ts' of Flow 'fetch' cannot be loaded: Expected ident.",
  },
  {
    what: 'syntax that Node does not strip',
    changed: { 'flows/shared.ts': 'enum Only { one }\nexport const only = Only;\n' },
    told: "error flows/shared.ts:1:1 The parser 'parse.ts' of Flow 'fetch' cannot be loaded: TypeScript enum is not supported in strip-only mode.",
  },
  {
    what: 'what may be otherwise on another machine',
    changed: { 'flows/step.ts': "throw new Error('SHOP_KEY is not set');\n" },
    told: "warn flows/step.ts:1:7 The step 'step.ts' of Flow 'fetch' cannot be loaded: SHOP_KEY is not set.",
  },
  {
    what: 'a module that ends its process',
    changed: { 'flows/step.ts': 'process.exit(3);\n' },
    told: "warn flows/fetch.yaml:6:10 The step 'step.ts' of Flow 'fetch' does not come to an end when it is loaded.",
  },
];
for (const { what, changed, told } of mistakes)
  test(`modules that would not load are told where they stand: ${what}`, async () => {
    const found = await check(changed);

    assert.deepEqual(found, [told]);
  });
