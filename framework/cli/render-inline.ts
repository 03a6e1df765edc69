import type { Manifest } from '../manifest/manifest.ts';
import { renderText } from '../manifest/render-sql.ts';
import { withoutTerminator } from '../project/sql-statements.ts';

/** SQL of a query that stands on the command line, with its refs resolved. `flag` is where it stands, for what is wrong with it. */
export function renderInline(sql: string, manifest: Manifest, flag = '--inline'): string {
  const at = { file: flag, line: 1, column: 1 };
  const common = { fqn: [manifest.projectName, 'inline'], tags: [], meta: {}, description: '', file: at.file, at };
  const node = {
    ...common,
    kind: 'exposure',
    id: 'exposure.inline',
    name: 'inline',
    type: 'analysis',
    owner: null,
    ownerEmail: null,
    url: null,
  } as const;
  return withoutTerminator(renderText(manifest, node, sql, { incremental: false }));
}
