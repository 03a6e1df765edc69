import type { GccflowError } from '../foundation/error.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { renderText } from '../manifest/render-sql.ts';
import type { EngineStatement } from './check-engine.ts';

const name = '(?:`[^`]+`|"[^"]+"|\\w+)';
const creates = new RegExp(
  `^\\s*create\\s+(?:or\\s+replace\\s+)?(?:temporary\\s+)?(function|table|(?:materialized\\s+)?view|dictionary|database)\\s+(?:if\\s+not\\s+exists\\s+)?(${name}(?:\\s*\\.\\s*${name})?)`,
  'i',
);

/** Functions and tables that hooks of models create. */
export interface HookObjects {
  /** What makes those that need nothing else. */
  readonly statements: readonly EngineStatement[];
  /** Names as ClickHouse tells them, e.g. `dbt.lookup`. */
  readonly names: ReadonlySet<string>;
}

export function hookObjects(manifest: Manifest): HookObjects {
  const statements: EngineStatement[] = [];
  const names = new Set<string>();
  for (const node of manifest.nodes.values()) {
    if (node.kind !== 'model' && node.kind !== 'seed') continue;
    for (const hook of [...node.config.pre_hook, ...node.config.post_hook]) {
      const sql = /\bcreate\b/i.test(hook) ? rendered(manifest, node, hook) : '';
      const [, kind = '', written = ''] = creates.exec(sql) ?? [];
      if (written === '') continue;
      names.add(written.replaceAll(/[`"\s]/g, ''));
      const local = sql.replace(/\bon\s+cluster\s+(?:'[^']*'|[\w`"{}]+)/i, '');
      if (/function|database/i.test(kind) || !/\bselect\b/i.test(sql)) statements.push({ sql: local, keep: local });
    }
  }
  return { statements, names };
}

/** Whether a complaint is that of a table which a hook creates. */
export function isOfHook({ code, message }: GccflowError, { names }: HookObjects): boolean {
  return code === 'CHECK_TABLE_UNKNOWN' && [...names].some((made) => message.includes(`'${made}'`));
}

/** Nothing where it cannot be rendered, which the check of hooks tells. */
function rendered(manifest: Manifest, node: Parameters<typeof renderText>[1], hook: string): string {
  try {
    return renderText(manifest, node, hook, { incremental: false });
  } catch {
    return '';
  }
}
