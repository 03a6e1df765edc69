import type { ApiGate, Place } from './api-gate.ts';

/** Places at APIs, of which one is going to be used. Disposing it leaves them all. */
export interface HeldPlaces extends Disposable {
  has(gate: ApiGate): boolean;
  /** Leaves all but one. */
  keep(gate: ApiGate): void;
}

/**
 * Holds a place at each API that has one, and waits for the first where all are full. Holds none where all have closed meanwhile. Rejects
 * with the signal's reason.
 */
export async function holdPlaces(gates: readonly ApiGate[], signal: AbortSignal): Promise<HeldPlaces> {
  for (let places = holdAll(gates); ; ) {
    const open = gates.filter((gate) => gate.closedForMs === 0);
    if (places.size > 0 || open.length === 0) return heldPlaces(places);
    using turn = waitForTurn(open, signal);
    await turn.come;
    places = holdAll(gates);
  }
}

function holdAll(gates: readonly ApiGate[]): ReadonlyMap<ApiGate, Place> {
  const places = new Map<ApiGate, Place>();
  for (const gate of gates) {
    const place = gate.hold();
    if (place !== null) places.set(gate, place);
  }
  return places;
}

function heldPlaces(places: ReadonlyMap<ApiGate, Place>): HeldPlaces {
  const leave = (kept: ApiGate | null): void => {
    for (const [gate, place] of places) if (gate !== kept) place[Symbol.dispose]();
  };
  return { has: (gate) => places.has(gate), keep: leave, [Symbol.dispose]: () => leave(null) };
}

function waitForTurn(gates: readonly ApiGate[], signal: AbortSignal): Disposable & { readonly come: Promise<void> } {
  const { promise: come, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  const registrations = gates.map((gate) => gate.onFree(resolve));
  const forget = (): void => {
    signal.removeEventListener('abort', abort);
    for (const registration of registrations) registration[Symbol.dispose]();
  };
  return { come, [Symbol.dispose]: forget };
}
