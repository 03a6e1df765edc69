import type { Parse } from '../../framework/scrape/steps/flow-module.ts';

/** The JSON object that the model was asked for; a text that is none fails the task. */
const parse: Parse = (body) => JSON.parse(body.choices?.[0]?.message?.content ?? '');
export default parse;
