/** One measured value. The peer is another tool, or the bare engine, measured in the same run. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: 's' | 'ms' | 'MB' | '%' | '×' | 'count' | 'share' | `${string}/s`;
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** Ours ÷ the peer's. */
  readonly ratio: number | null;
}

/** A figure without a peer. */
export function figure(name: string, value: number, unit: Figure['unit']): Figure {
  return { name, value: round(value), unit, peer: null, peerValue: null, ratio: null };
}

/** A figure beside that of a peer, measured in the same run. The ratio may be the median of several, where both were measured in turns. */
export function comparedFigure(
  name: string,
  value: number,
  unit: Figure['unit'],
  peer: string,
  peerValue: number,
  ratio: number = value / peerValue,
): Figure {
  return { name, value: round(value), unit, peer, peerValue: round(peerValue), ratio: round(ratio) };
}

/** Prints one JSON line a figure on stdout and a table for people on stderr. */
export function printFigures(figures: readonly Figure[]): void {
  for (const line of figures) process.stdout.write(`${JSON.stringify(line)}\n`);
  const rows = figures.map(({ name, value, unit, peer, peerValue, ratio }) => [
    name,
    `${value} ${unit}`,
    peer === null ? '' : `${peer}: ${peerValue} ${unit} (ratio ${ratio})`,
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const [name = '', value = '', peer = ''] of rows) {
    process.stderr.write(`${name.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)}  ${peer}\n`);
  }
}

/** The middle of several measurements. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
