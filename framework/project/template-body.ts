import { startOf } from '../foundation/location.ts';
import type { Template } from './parse-template.ts';

/** A template without what follows from its file's path, and without empty lists. */
export type TemplateBody = Pick<Template, 'text'> & Partial<Omit<Template, 'text' | 'file' | 'start'>>;

const noCalls: Omit<Template, 'text' | 'file' | 'start'> = {
  refs: [],
  sources: [],
  configs: [],
  vars: [],
  envs: [],
  macros: [],
  helpers: [],
  variables: [],
};

/** The template of a `.sql` or `.hbs` file. */
export function templateOf(file: string, body: TemplateBody): Template {
  return { ...noCalls, ...body, file, start: startOf(file) };
}
