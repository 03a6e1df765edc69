import { distance } from 'fastest-levenshtein';

/** The name most like `name`, or undefined where none is near enough to be meant (a third of its letters, two at least). */
export function closest(name: string, names: Iterable<string>): string | undefined {
  const limit = Math.max(2, Math.floor(name.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of names) {
    if (Math.abs(candidate.length - name.length) > limit) continue;
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < bestDistance) {
      best = candidate;
      bestDistance = edits;
    }
  }
  return best;
}

/** `Did you mean 'x'?` for the nearest name, or undefined. */
export function didYouMean(name: string, names: Iterable<string>): string | undefined {
  const near = closest(name, names);
  return near === undefined ? undefined : `Did you mean '${near}'?`;
}
