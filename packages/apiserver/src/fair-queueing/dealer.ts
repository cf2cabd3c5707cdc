/** Shuffle sharding: which few of many queues a flow may use. Source: apiserver's util/shufflesharding. */

import { createHash } from "node:crypto";

/** The first eight bytes of a SHA-256, little endian, of the schema's name, a zero byte, and the flow's distinguisher. */
export function hashFlow(schema: string, distinguisher: string): bigint {
  return createHash("sha256").update(`${schema}\0${distinguisher}`).digest().readBigUInt64LE(0);
}

/** `handSize` different numbers below `deckSize`, in the order of the deal; the same for the same hash. */
export function dealHand(hash: bigint, deckSize: number, handSize: number): number[] {
  let rest = hash;
  const cards: number[] = [];
  for (let i = 0; i < handSize; i++) {
    const left = BigInt(deckSize - i);
    cards.push(Number(rest % left));
    rest /= left;
  }
  // Each number counts among the cards that are left: seen from the whole deck, those dealt before it push it up.
  for (let i = handSize - 1; i > 0; i--) {
    for (let j = i - 1; j >= 0; j--) if (cards[i]! >= cards[j]!) cards[i]!++;
  }
  return cards;
}
