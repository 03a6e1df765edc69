import type { CredentialRow } from '../../scrape/credentials/credential-table.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';

export const credentialsLs = defineCommand({
  name: 'credentials ls',
  summary: 'List credentials: which may be used, and why not.',
  description:
    'Prints every credential, or those of a source, without their secrets: `usable`; `resting` until a time, after a limit of the provider; `disabled` until somebody enables it, as the provider refused it; `unreadable` where no key of the target decrypts it.',
  examples: [
    { command: 'gccflow credentials ls', description: 'All.' },
    { command: 'gccflow credentials ls graphapi --json', description: 'Those of one source, as JSON.' },
  ],
  positionals: [{ name: 'source', description: 'Only credentials of this source.' }],
  options: { json },
  async run(values, context) {
    const { openTargetCredentials } = await import('../open-credentials.ts');
    const { readCredentials } = await import('../../scrape/credentials/credential-table.ts');
    const { formatTable } = await import('../format-table.ts');
    const { GccflowError } = await import('../../foundation/error.ts');
    const { openSecrets } = await import('../../scrape/credentials/sealed-secrets.ts');
    const { output, positionals } = context;
    await using opened = await openTargetCredentials(values, context);
    const rows = await readCredentials(opened.postgres, positionals[0] ?? null);
    const keys = rows.length === 0 ? [] : await opened.keys();
    const listed = rows.map((row) => ({ row, state: stateOf(row) }));
    if (values.json) output.printJson(listed.map(({ row, state }) => toJson(row, state)));
    else if (listed.length === 0) output.note('There are no credentials; `gccflow credentials add SOURCE` stores one.');
    else
      output.print(
        formatTable(
          columns,
          listed.map(({ row, state }) => cellsOf(row, state)),
        ),
      );
    return exitCode.ok;

    function stateOf(row: CredentialRow): State {
      try {
        openSecrets(row.credentials, row, keys);
      } catch (thrown) {
        if (thrown instanceof GccflowError) return 'unreadable';
        throw thrown;
      }
      if (!row.enabled) return 'disabled';
      return row.rest_ms > 0 ? 'resting' : 'usable';
    }
  },
});

type State = 'usable' | 'resting' | 'disabled' | 'unreadable';

const left = (title: string) => ({ title, align: 'left' }) as const;
const columns = [{ title: 'id', align: 'right' } as const, ...['source', 'state', 'until', 'reason', 'changed'].map(left)];

function cellsOf({ id, source, disabled_till, reason, updated_at }: CredentialRow, state: State): string[] {
  return [id, source, state, state === 'resting' ? formatTime(disabled_till) : '–', reasonOf(reason, state), formatTime(updated_at)];
}

/** That of a rest that is over is history. */
function reasonOf(reason: string | null, state: State): string {
  return state === 'usable' ? '–' : (reason ?? '–');
}

function formatTime(time: Date | null): string {
  return time === null ? '–' : time.toISOString().replace(/\.\d+Z$/, 'Z');
}

function toJson({ id, source, enabled, disabled_till, rest_ms, reason, created_at, updated_at }: CredentialRow, state: State) {
  const rest = { disabled_till: disabled_till?.toISOString() ?? null, rest_ms: Math.round(rest_ms) };
  return { id, source, state, enabled, ...rest, reason, created_at: created_at.toISOString(), updated_at: updated_at.toISOString() };
}
