import type { Macro } from '../manifest/manifest.ts';
import type { NodeWords } from './node-words.ts';

export function formatMacro({ name, file, template }: Macro, words: NodeWords) {
  const docs = { show: true, node_color: null };
  return {
    ...words.file(file),
    unique_id: words.macroId(name),
    resource_type: 'macro',
    name,
    macro_sql: template.text,
    depends_on: { macros: words.macrosOf(template) },
    description: '',
    meta: {},
    docs,
    config: { meta: {}, docs },
    patch_path: null,
    arguments: [],
    created_at: words.createdAt,
    supported_languages: null,
  };
}
