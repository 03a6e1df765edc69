import { z } from 'zod';

export const fieldKinds = ['string', 'integer', 'number', 'boolean', 'timestamp', 'object', 'list', 'any'] as const;
export type FieldKind = (typeof fieldKinds)[number];

const Details = z.strictObject({
  type: z.enum(fieldKinds).describe('`timestamp` is a text in ISO 8601 or a time in epoch seconds; `any` is any JSON value.'),
  optional: z.boolean().default(false).describe('May be missing or null.'),
  default: z.json().optional().describe('Where it is missing or null.'),
  description: z.string().default(''),
});

const short = new RegExp(`^(${fieldKinds.join('|')})\\??$`);

/** The type of a param or of a field of a record: `string`, `integer?` for one that may be missing, or an object with details. */
export const FieldType = z.union(
  [
    z
      .string()
      .regex(short)
      .transform((text) => Details.parse({ type: text.replace('?', ''), optional: text.endsWith('?') })),
    Details,
  ],
  { error: `one of ${fieldKinds.join(', ')} is expected, with a ? behind it for one that may be missing, or a mapping with details` },
);
export type FieldType = z.infer<typeof Details>;
