import type { Headers, OutgoingMessage } from './broker.ts';
import type { PublishProperties } from './rabbitmq-connection.ts';

/** How a message is published: persistent, and given back where no queue wants it. */
export function propertiesOf({ messageId, headers, contentType, contentEncoding, publishedAt }: OutgoingMessage): PublishProperties {
  const timestamp = Math.floor((publishedAt?.getTime() ?? Date.now()) / 1000);
  const properties: PublishProperties = { messageId, persistent: true, mandatory: true, timestamp };
  if (contentType !== undefined) properties.contentType = contentType;
  if (contentEncoding !== undefined) properties.contentEncoding = contentEncoding;
  if (headers !== undefined) properties.headers = 'CC' in headers || 'BCC' in headers ? withoutCopies(headers) : headers;
  return properties;
}

/** The same with headers that amqplib can always write: those of a delivery may hold what it cannot, e.g. NaN, and go as texts. */
export function plainPropertiesOf(message: OutgoingMessage): PublishProperties {
  const headers = Object.entries(withoutCopies(message.headers ?? {})).map(([name, value]) => [name, plain(value)]);
  return { ...propertiesOf(message), headers: Object.fromEntries(headers) };
}

/** RabbitMQ would send the message to further queues: wherever a stranger's headers say. */
function withoutCopies({ CC: _cc, BCC: _bcc, ...headers }: Headers): Headers {
  return headers;
}

function plain(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
