/** Chance that can be had again: the seed is printed, and KUBETS_SEED=N repeats a run. */

import type { TestContext } from "node:test";

export interface SeededRandom {
  readonly seed: number;
  /** From 0 up to, and without, 1. */
  next(): number;
  /** A whole number from 0 up to, and without, `below`. */
  below(below: number): number;
}

/** Mulberry32. */
export function seededRandom(
  t: TestContext,
  seed = Number(process.env["KUBETS_SEED"] ?? Date.now() % 1e9),
): SeededRandom {
  t.diagnostic(`seed ${seed}; KUBETS_SEED=${seed} repeats it`);
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
  return { seed, next, below: (below) => Math.floor(next() * below) };
}
