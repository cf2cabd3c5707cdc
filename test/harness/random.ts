/** Chance that can be had again: the seed is printed, and KUBETS_SEED=N repeats a run. */

import type { TestContext } from "node:test";
import { seededRandom as randomOf, testSeed } from "@kubets/apimachinery";

export interface SeededRandom {
  readonly seed: number;
  /** From 0 up to, and without, 1. */
  next(): number;
  /** A whole number from 0 up to, and without, `below`. */
  below(below: number): number;
}

export function seededRandom(t: TestContext, seed = testSeed()): SeededRandom {
  t.diagnostic(`seed ${seed}; KUBETS_SEED=${seed} repeats it`);
  const { next } = randomOf(seed);
  return { seed, next, below: (below) => Math.floor(next() * below) };
}
