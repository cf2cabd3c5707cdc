/** Chance that can be had again: for tests and replays, never for secrets. */

import { type Random, realRandom } from "./clock.ts";

/** `KUBETS_SEED`, to replay what a test did. A test tells which seed it has. @param otherwise by chance when left out */
export function testSeed(otherwise = Math.floor(realRandom.next() * 2 ** 31)): number {
  return Number(process.env["KUBETS_SEED"] ?? otherwise);
}

/** The same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const hex = (digits: number) => Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join("");
  const uuid = () => `${hex(8)}-${hex(4)}-4${hex(3)}-${"89ab"[Math.floor(next() * 4)]}${hex(3)}-${hex(12)}`;
  return { next, uuid };
}
