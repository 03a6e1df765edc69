import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import type { ExpandText } from './parse-yaml.ts';

/** The environment a project is loaded with. */
export type Env = Readonly<Record<string, string | undefined>>;

/** The value of a variable of the environment, if it is set. */
export function envValue(env: Env, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

const envCall = /\{\{\s*env\b([^}]*)\}\}/g;
const envArguments = /^\s+("[^"]*"|'[^']*')(?:\s+("[^"]*"|'[^']*'))?\s*$/;

/** Whether a text reads the environment. */
export function readsEnv(text: string): boolean {
  return text.search(envCall) >= 0;
}

/**
 * Puts the value of `{{env "X"}}` or `{{env "X" "default"}}` in its place; reports ENV_MISSING for one that is neither set nor has a
 * default. Other templates stay as they are.
 */
export function expandEnv(env: Env, diagnostics: Diagnostics): ExpandText {
  return (text, at) =>
    text.replace(envCall, (call, written: string) => {
      const [, quotedName, quotedDefault] = envArguments.exec(written) ?? [];
      if (quotedName === undefined) {
        diagnostics.report(envMistaken(at));
        return call;
      }
      const name = quotedName.slice(1, -1);
      const value = envValue(env, name) ?? quotedDefault?.slice(1, -1);
      if (value === undefined) diagnostics.report(envMissing(name, env, at));
      return value ?? '';
    });
}

/** Reports calls of `{{env}}` that cannot be read, and leaves every text as it is. */
export function checkEnv(diagnostics: Diagnostics): ExpandText {
  return (text, at) => {
    const isSound = [...text.matchAll(envCall)].every(([, written = '']) => envArguments.test(written));
    if (!isSound) diagnostics.report(envMistaken(at));
    return text;
  };
}

function envMistaken(at: Location): GccflowError {
  const hint = 'Write {{env "NAME"}} or {{env "NAME" "default"}}.';
  return new GccflowError('TEMPLATE_ARGUMENT', '{{env}} takes one literal name and a default.', { at, hint });
}

/** The mistake of reading a variable that is not set. */
export function envMissing(name: string, env: Env, at: Location): GccflowError {
  const near = didYouMean(name, Object.keys(env));
  const hint = near ?? `Set it, for example: export ${name}=…`;
  return new GccflowError('ENV_MISSING', `The environment variable '${name}' is not set.`, { at, hint });
}
