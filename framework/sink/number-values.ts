import { type Encode, refused } from './values.ts';

/** Whole numbers of a width, from JSON numbers, bigints and texts of digits. Those beyond 2^53 go out as texts. */
export function integer(bits: number, signed: boolean): Encode {
  const low = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const high = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  const exact = (value: bigint): unknown => {
    if (value < low || value > high) return refused;
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  };
  return (value) => {
    if (typeof value === 'number') return Number.isSafeInteger(value) ? exactNumber(value) : refused;
    if (typeof value === 'string') return /^-?\d{1,78}$/.test(value) ? exact(BigInt(value)) : refused;
    return typeof value === 'bigint' ? exact(value) : refused;
  };

  function exactNumber(value: number): unknown {
    return value >= low && value <= high ? value : refused;
  }
}

/** The names protobuf's JSON has for what JSON numbers cannot say. */
const notNumbers: Readonly<Record<string, string>> = { NaN: 'nan', Infinity: 'inf', '-Infinity': '-inf' };

/** Approximate numbers; what is beyond `max` would become infinite. */
export function float(max: number, { nan = notNumbers }: { readonly nan?: Readonly<Record<string, string>> } = {}): Encode {
  const fitting = (value: number): unknown => (Math.abs(value) <= max ? value : refused);
  return (value) => {
    if (typeof value === 'number') return fitting(value);
    if (typeof value === 'bigint') return fitting(Number(value));
    if (typeof value !== 'string') return refused;
    if (Object.hasOwn(nan, value)) return nan[value];
    return /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value) ? fitting(Number(value)) : refused;
  };
}

export const maxFloat32 = 3.4028234663852886e38;

/** Digits that any double keeps. A number with more was rounded before it came here. */
const doubleDigits = 15;

/** Exact decimals as texts: nothing is rounded, cut or wrapped to fit. From JSON numbers only as far as a double is exact. */
export function decimal(precision: number, scale: number): Encode {
  return (value) => {
    const [, sign, whole, fraction = ''] = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(plainText(value)) ?? [];
    if (whole === undefined || whole.length > precision - scale || fraction.length > scale) return refused;
    if (typeof value === 'number' && `${whole}${fraction}`.replace(/^0+/, '').length > doubleDigits && !Number.isSafeInteger(value))
      return refused;
    return `${sign}${whole || '0'}${fraction === '' ? '' : `.${fraction}`}`;
  };
}

/** Digits without an exponent; of what is no number a text that is none either. */
function plainText(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return /^-?\d+(?:\.\d+)?$/.test(value) ? value : 'none';
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'none';
  const text = String(value);
  if (!text.includes('e')) return text;
  return Math.abs(value) < 1 ? withoutExponent(text) : 'none'; // from 1e21 on, where doubles are not exact
}

/** `-1.5e-7` as `-0.00000015`. */
function withoutExponent(text: string): string {
  const [, sign = '', digits = '', fraction = '', exponent = '0'] = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(text) ?? [];
  return `${sign}0.${'0'.repeat(Number(exponent) - 1)}${digits}${fraction}`;
}
