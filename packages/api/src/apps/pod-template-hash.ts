/**
 * The hash of a Pod template that names ReplicaSets (`web-6d4cf56db6`) and labels their Pods. Its form is upstream's: a 32-bit number
 * in letters that make no words. Its value is our own: nothing but equality is ever asked of it.
 */

import { writeSortedJson } from "@kubets/apimachinery";
import type { PodTemplateSpec } from "../generated/types.ts";

/** No vowels, and no digits that look like them. Source: apimachinery's util/rand. */
const safeAlphabet = "bcdfghjklmnpqrstvwxz2456789";

const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

/** Each character of `text` as one of the safe alphabet. Source: rand.SafeEncodeString. */
export function safeEncodeString(text: string): string {
  let encoded = "";
  for (const byte of Buffer.from(text)) encoded += safeAlphabet[byte % safeAlphabet.length];
  return encoded;
}

/** FNV-1a, 32 bits. */
export function fnv1a(text: string, seed = offsetBasis): number {
  let hash = seed;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, prime) >>> 0;
  return hash;
}

/** `collisionCount` makes another name when the first belongs to a ReplicaSet that is not ours. */
export function podTemplateHash(template: PodTemplateSpec, collisionCount?: number): string {
  let hash = fnv1a(writeSortedJson(template));
  if (collisionCount !== undefined) hash = fnv1a(String(collisionCount), hash);
  return safeEncodeString(String(hash));
}
