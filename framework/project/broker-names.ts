import { z } from 'zod';

/** One text or a list of texts; a list once read. */
export const Texts = z.union([z.string().transform((text) => [text]), z.array(z.string())]);

export const ExchangeType = z.enum(['direct', 'topic', 'fanout']);
export type ExchangeType = z.infer<typeof ExchangeType>;

/** AMQP carries the names of exchanges, queues and routing keys as short strings. */
export const BrokerName = z
  .string()
  .min(1)
  .refine((name) => Buffer.byteLength(name) <= 255, 'At most 255 bytes are expected.');
