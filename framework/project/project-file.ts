import { z } from 'zod';
import { Rule } from './rule.ts';
import { TargetConfig } from './target-config.ts';

/** Config keys and folders mixed: read by `readFolderConfig`. */
export const FolderTree = z.record(z.string(), z.unknown());
export const TestFolderTree = z.record(z.string(), z.unknown());

/** `project.yaml`. */
export const ProjectFile = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and _ are expected')
    .describe('Name of the project.'),
  version: z.string().default('0.0.0'),
  target: z.string().nullable().default(null).describe('Target used where none is asked for; the first one where null.'),
  targets: z.record(z.string(), TargetConfig).describe('Sets of connections, by name.'),
  vars: z.record(z.string(), z.unknown()).default({}).describe('Values of `{{var "x"}}`.'),
  models: FolderTree.default({}).describe('Config of all models, and below a folder’s name of those in it. `+key` is always config.'),
  seeds: FolderTree.default({}).describe('Config of all seeds, and below a folder’s name of those in it.'),
  tests: TestFolderTree.default({}).describe('Config of all tests, and below a folder’s name of those in it.'),
  rules: z.array(Rule).default([]).describe('What `gccflow check` holds the project to besides.'),
});
export type ProjectFile = z.infer<typeof ProjectFile>;
