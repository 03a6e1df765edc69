import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { sharedData } from './shared-data.ts';

const schemas = {
  'manifest.json': 'manifest-v12',
  'run_results.json': 'run-results-v6',
  'catalog.json': 'catalog-v1',
  'sources.json': 'sources-v3',
} as const;
export type ArtifactName = keyof typeof schemas;

/** What dbt's published schema of an artifact has against a value, a line a mistake; or why it cannot be asked. */
export function artifactSchema(name: ArtifactName): { readonly skip: string | false; readonly mistakes: (value: unknown) => string[] } {
  const { path, skip } = sharedData(`dbt-artifact-schemas/${schemas[name]}.json.gz`);
  return {
    skip,
    mistakes: (value) => {
      const ajv = new Ajv2020({ strict: false, allErrors: true });
      addFormats.default(ajv);
      const validate = ajv.compile(JSON.parse(gunzipSync(readFileSync(path)).toString()));
      validate(value);
      return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`);
    },
  };
}
