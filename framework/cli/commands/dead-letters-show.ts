import { isUtf8 } from 'node:buffer';
import type { Delivery } from '../../connections/broker.ts';
import { defineCommand } from '../command.ts';
import { filterOptions, parseFilter, sinkPositional } from '../dead-letter-filter.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';

const defaultLimit = 10;

export const deadLettersShow = defineCommand({
  name: 'dead-letters show',
  summary: 'Print dead letters of a sink.',
  description:
    'Prints the oldest dead letters of a sink: their headers, which say why and when they failed and where they came from, and their bodies as they are. They stay in their queue. With --json a body that is no UTF-8 text is given in base64.',
  examples: [
    { command: 'gccflow dead-letters show event --limit 1', description: 'The oldest one.' },
    { command: 'gccflow dead-letters show event --code FIELD_TYPE --json', description: 'Some with one reason, as JSON.' },
  ],
  positionals: [sinkPositional],
  options: { ...filterOptions, limit: { type: 'number', value: 'N', description: 'How many are printed. Default: 10.' }, json },
  async run(values, context) {
    const { openDeadLetters } = await import('../open-dead-letters.ts');
    const { readDeadLetters } = await import('../../sink/dead-letters.ts');
    const { output, clock, signal } = context;
    const filter = parseFilter(values, clock);
    await using opened = await openDeadLetters(values, context);
    const letters = await readDeadLetters(opened.queue, filter, { broker: opened.broker, limit: values.limit ?? defaultLimit, signal });
    if (values.json) output.printData(JSON.stringify(letters.map(toJson), null, 2));
    else for (const [index, letter] of letters.entries()) printLetter(letter, `${index + 1} of ${letters.length}`);
    if (letters.length === 0) output.note(`'${opened.queue.name}' holds no such dead letter of '${opened.node.name}'.`);
    return exitCode.ok;

    function printLetter(letter: Delivery, place: string): void {
      const id = letter.messageId ?? 'without an id';
      output.print(output.paint('stdout', 'bold', `── ${place}: ${printable(id)}, ${letter.body.length.toLocaleString('en')} bytes`));
      for (const [name, value] of Object.entries(letter.headers)) output.print(`${printable(name)}: ${printable(headerText(value))}`);
      output.printData(letter.body.toString());
    }
  },
});

function headerText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value, plainly) ?? String(value));
}

/** Headers may hold what JSON does not. */
function plainly(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

/** A header is anybody's text: on a terminal its control characters would be carried out. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

function toJson({ messageId, headers, contentType, contentEncoding, publishedAt, body }: Delivery) {
  return {
    message_id: messageId,
    content_type: contentType,
    content_encoding: contentEncoding,
    published_at: publishedAt,
    headers: JSON.parse(JSON.stringify(headers, plainly)),
    ...(isUtf8(body) ? { body: body.toString() } : { body_base64: body.toString('base64') }),
  };
}
