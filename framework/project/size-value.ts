import { z } from 'zod';

/** A size in YAML (`8MB`, `512KB`, or a number of bytes); bytes once read. */
export const SizeValue = z.union([z.int().positive(), z.string()]).transform((value, context) => {
  const bytes = typeof value === 'number' ? value : parseSize(value);
  if (bytes !== undefined) return bytes;
  context.addIssue({ code: 'custom', message: `'${value}' is no size; write for example 512KB or 8MB.` });
  return z.NEVER;
});

const units: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KIB: 1024,
  MIB: 1_048_576,
  GIB: 1_073_741_824,
};

/** Bytes of `512KB`, `8MB` or `1MiB`; undefined for anything else, or less than one byte. */
function parseSize(text: string): number | undefined {
  const [, amount, unit = 'B'] = /^(\d+(?:\.\d+)?)\s*([KMG]i?B|B)?$/i.exec(text.trim()) ?? [];
  const factor = units[unit.toUpperCase()];
  if (amount === undefined || factor === undefined) return undefined;
  const bytes = Math.round(Number(amount) * factor);
  return bytes >= 1 ? bytes : undefined;
}
