import type { FlowFile, FlowStep } from './flow-file.ts';
import type { YamlDocument, YamlPath } from './parse-yaml.ts';
import type { Flow } from './project.ts';

/** A flow with the places of what the graph looks up. */
export function placeFlow(flow: FlowFile, document: YamlDocument): Flow {
  return {
    flow,
    at: document.at(['name']),
    apisAt: (flow.retrieve?.api ?? []).map((_name, index) => document.at(['retrieve', 'api', index])),
    limitsAt: flow.limits.map((_limit, index) => document.at(['limits', index])),
    stepsAt: flow.process.map((step, index) => document.at(['process', index, ...mainPath(step)])),
    parseAt: document.at(['parse']),
    serveAt: document.at(['serve', 'path']),
  };
}

/** Where in a step the name stands that says what it is about. */
function mainPath(step: FlowStep): YamlPath {
  if ('upsert' in step) return ['upsert', 'table'];
  if ('emit' in step) return ['emit', 'routing_key'];
  if ('upload' in step) return ['upload', 'url'];
  if ('enqueue' in step) return ['enqueue', 'flow'];
  return 'http' in step ? ['http', 'api'] : ['run'];
}
