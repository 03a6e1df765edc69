import type { Manifest, Node } from '../manifest/manifest.ts';
import type { Rule } from '../project/rule.ts';

/** What a node lacks of what a `required` rule asks for, each for a sentence: `description`, `test 'unique'`. */
export function missingOf(rule: Extract<Rule, { rule: 'required' }>, node: Node, manifest: Manifest): readonly string[] {
  return [
    rule.description && node.description.trim() === '' && 'description',
    rule.owner && ownerOf(node) === null && 'owner',
    ...(rule.column_descriptions ? undescribed(node) : []),
    ...missingTests(rule.tests, node, manifest),
    ...rule.config.filter((key) => isUnset(node, key)).map((key) => `value of '${key}' in its config`),
    rule.watermark && lacksWatermark(node) && "watermark: its SQL never asks '(is_incremental)'",
  ].filter((missing) => missing !== false);
}

function ownerOf(node: Node): string | null {
  if (node.kind === 'exposure' && node.owner !== null) return node.owner;
  const { owner } = node.meta;
  return typeof owner === 'string' && owner.trim() !== '' ? owner : null;
}

function undescribed(node: Node): string[] {
  if (!('columns' in node)) return [];
  if (node.columns.length === 0) return ['declared columns'];
  return node.columns.filter(({ description }) => description.trim() === '').map(({ name }) => `description of its column '${name}'`);
}

function missingTests(wanted: readonly string[], node: Node, manifest: Manifest): string[] {
  if (wanted.length === 0) return [];
  const tests = (manifest.children.get(node.id) ?? []).map((id) => manifest.nodes.get(id));
  const has = new Set(tests.flatMap((test) => (test?.kind === 'test' && test.attachedTo === node.id ? [test.testName] : [])));
  return wanted.filter((name) => !has.has(name)).map((name) => `test '${name}'`);
}

function isUnset(node: Node, key: string): boolean {
  const value = 'config' in node ? (node.config as Readonly<Record<string, unknown>>)[key] : undefined;
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function lacksWatermark(node: Node): boolean {
  return node.kind === 'model' && !/\(\s*is_incremental\s*\)|\binterval_start\b/.test(node.template.text);
}
