import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { checkShape } from './check-shape.ts';
import { checkEnv } from './expand-env.ts';
import { readFolderConfig } from './folder-config.ts';
import { ModelConfig } from './model-config.ts';
import { type ExpandText, type ParsedYaml, parseYaml } from './parse-yaml.ts';
import type { Project } from './project.ts';
import { ProjectFile } from './project-file.ts';
import { TestConfig } from './test-config.ts';

/** What a project takes from its project.yaml. */
export type Root = Pick<Project, 'name' | 'version' | 'targetName' | 'target' | 'vars' | 'folderConfigs' | 'rules'>;

/** What project.yaml says of a target (null: the one it names itself); null after reporting. `expand` fills in the environment. Throws TARGET_NOT_FOUND. */
export function parseProjectFile(text: string, asked: string | null, expand: ExpandText, diagnostics: Diagnostics): Root | null {
  const document = parseYaml(text, 'project.yaml', diagnostics);
  if (!document) return null;
  const name = chooseTarget(document, asked);
  if (name !== null) document.expand(expand, ['targets', name]);
  for (const other of targetsIn(document)) if (other !== name) document.expand(checkEnv(diagnostics), ['targets', other]);
  const read = checkShape(ProjectFile, document.value, document, diagnostics);
  if (!read) return null;
  const target = name === null ? undefined : read.targets[name];
  if (name === null || !target) {
    const message = 'project.yaml declares no target.';
    diagnostics.report(new GccflowError('VALUE_INVALID', message, { at: document.at(['targets']), hint: 'Add `targets: { dev: {} }`.' }));
    return null;
  }
  return {
    name: read.name,
    version: read.version,
    targetName: name,
    target,
    vars: read.vars,
    rules: read.rules.map((rule, index) => ({ rule, at: document.at(['rules', index, 'rule']) })),
    folderConfigs: {
      models: readFolderConfig(ModelConfig, read.models, document, ['models'], diagnostics),
      seeds: readFolderConfig(ModelConfig, read.seeds, document, ['seeds'], diagnostics),
      tests: readFolderConfig(TestConfig, read.tests, document, ['tests'], diagnostics),
    },
  };
}

/** The asked-for target, else the default, else the first; null where there is none. */
function chooseTarget(document: ParsedYaml, asked: string | null): string | null {
  const value = document.value as { target?: unknown } | null;
  const names = targetsIn(document);
  const name = asked ?? (typeof value?.target === 'string' ? value.target : (names[0] ?? null));
  if (name === null || names.includes(name)) return name;
  const hint = didYouMean(name, names) ?? `Targets of this project: ${names.join(', ') || 'none'}.`;
  const at = asked === null ? document.at(['target']) : undefined;
  throw new GccflowError('TARGET_NOT_FOUND', `The target '${name}' is not in project.yaml.`, { at, hint });
}

function targetsIn(document: ParsedYaml): readonly string[] {
  const value = document.value as { targets?: unknown } | null;
  return value?.targets !== null && typeof value?.targets === 'object' ? Object.keys(value.targets) : [];
}
