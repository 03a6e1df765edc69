import type { Node } from '../../manifest/manifest.ts';
import { placeholdersOf } from '../../project/flow-template.ts';
import { apiLevels, credentialLevelKey } from '../calls/api-levels.ts';
import type { KnownLevel, Level } from './limiter.ts';

/** A limit as the project's files declare it. */
export interface DeclaredLevel {
  /** Its key may hold params: `beat_minute_{platform}`. */
  readonly level: Level;
  /** e.g. `flow refresh_profile`, `api graphapi`. */
  readonly owner: string;
  /** Whether a key is one of the level's. */
  readonly matches: (key: string) => boolean;
  /** The key is the same for all calls. */
  readonly isLiteral: boolean;
}

/** The limits that flows and APIs declare, those of credentials with `{id}` in their key. */
export function declaredLevels(nodes: Iterable<Node>): readonly DeclaredLevel[] {
  return [...nodes].flatMap((node) => {
    if (node.kind === 'flow') {
      return node.flow.limits.map(({ key, requests, per, window }) => declared({ key, requests, perMs: per, window }, `flow ${node.name}`));
    }
    if (node.kind !== 'api') return [];
    const ofCredentials = (node.api.credentials?.limits ?? []).map(({ requests, per, window }) =>
      declared({ key: credentialLevelKey('{id}'), requests, perMs: per, window }, `credentials of ${node.name}`),
    );
    return [...apiLevels(node).map((level) => declared(level, `api ${node.name}`)), ...ofCredentials];
  });
}

function declared(level: Level, owner: string): DeclaredLevel {
  const names = placeholdersOf(level.key);
  const gap = '\0';
  const parts = names.reduce((text, name) => text.replace(`{${name}}`, gap), level.key).split(gap);
  const pattern = new RegExp(`^${parts.map(RegExp.escape).join('.+')}$`, 's');
  return { level, owner, matches: (key) => pattern.test(key), isLiteral: names.length === 0 };
}

/** A level whose key is known, and who declares it. */
export interface FoundLevel extends Level {
  readonly owners: readonly string[];
}

/** Levels with keys that stand in files, and those that were counted and are somebody's; of several limits for one count the strictest. */
export function findLevels(declared: readonly DeclaredLevel[], known: readonly KnownLevel[]): readonly FoundLevel[] {
  const literal = declared.filter(({ isLiteral }) => isLiteral).map(({ level }) => level);
  const found = new Map<string, FoundLevel>();
  for (const { key, perMs, window } of [...literal, ...known]) {
    const owners = declared.filter(({ level, matches }) => level.perMs === perMs && level.window === window && matches(key));
    if (owners.length === 0) continue;
    const requests = Math.min(...owners.map(({ level }) => level.requests));
    found.set(JSON.stringify([key, perMs, window]), {
      key,
      perMs,
      window,
      requests,
      owners: [...new Set(owners.map(({ owner }) => owner))],
    });
  }
  return [...found.values()];
}
