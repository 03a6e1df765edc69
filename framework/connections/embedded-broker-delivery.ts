import type { Delivery, Headers } from './broker.ts';
import type { MessageRow } from './embedded-broker-messages.ts';

const noHeaders: Headers = Object.freeze({});

/** A claimed message. What few look at is made when it is asked for. */
export class EmbeddedDelivery implements Delivery {
  readonly id: number;
  readonly body: Buffer;
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string | null;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly deliveryCount: number;
  readonly #link: string;
  /** JSON until somebody looks at them. */
  #headers: string | Headers;
  readonly #publishedS: number;

  /** `link` names the connection that claimed it, among all of this process. */
  constructor(row: MessageRow, link: string) {
    this.id = Number(row.id);
    this.body = row.body;
    this.exchange = row.exchange;
    this.routingKey = row.routing_key;
    this.messageId = row.message_id;
    this.contentType = row.content_type;
    this.contentEncoding = row.content_encoding;
    this.deliveryCount = row.deliveries - 1;
    this.#link = link;
    this.#headers = row.headers ?? noHeaders;
    this.#publishedS = row.published_s;
  }

  get headers(): Headers {
    if (typeof this.#headers === 'string') this.#headers = JSON.parse(this.#headers) as Headers;
    return this.#headers;
  }

  get publishedAt(): Date {
    return new Date(this.#publishedS * 1000);
  }

  get redelivered(): boolean {
    return this.deliveryCount > 0;
  }

  get key(): string {
    return `${this.#link}.${this.id}.${this.deliveryCount}`;
  }
}
