import { z } from 'zod';

/** The same keys, none required and none filled in: what one place of several may state. */
export function partialOf<Shape extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<Shape, z.core.$strict>,
): z.ZodType<Partial<z.output<z.ZodObject<Shape, z.core.$strict>>>> {
  const shape = Object.entries(schema.shape).map(([key, value]) => [key, z.optional(withoutDefault(value as z.ZodType))] as const);
  return z.strictObject(Object.fromEntries(shape)) as unknown as z.ZodType<Partial<z.output<z.ZodObject<Shape, z.core.$strict>>>>;
}

/** Keeps the description, which stands on what is taken off. */
function withoutDefault(schema: z.ZodType): z.ZodType {
  if (!(schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)) return schema;
  const inner = schema.unwrap() as z.ZodType;
  return schema.description === undefined ? inner : inner.describe(schema.description);
}
