/** The name of a pod template among a Deployment's: the value of the `pod-template-hash` label. */

import type { PodTemplateSpec } from "@kubets/api";
import { clone, deepEqual } from "@kubets/apimachinery";

export const podTemplateHashLabel = "pod-template-hash";

/** No vowels and no look-alikes, so that no hash spells a word. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/**
 * FNV-1a over the template's canonical JSON and the collision count, in upstream's safe alphabet. Upstream hashes Go's memory layout,
 * so values differ from its own, which nothing relies on: a ReplicaSet is found by comparing templates.
 */
export function templateHash(template: PodTemplateSpec | undefined, collisionCount: number | undefined): string {
  let hash = 0x811c9dc5;
  const bytes = Buffer.from(canonical(template ?? {}) + (collisionCount === undefined ? "" : `/${collisionCount}`));
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return [...String(hash)].map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join("");
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`).join(",")}}`;
}

/** The same template but for the hash label a controller put there. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return deepEqual(withoutHash(a), withoutHash(b));
}

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const copy = clone(template ?? {}) as PodTemplateSpec;
  if (copy.metadata?.labels) {
    delete copy.metadata.labels[podTemplateHashLabel];
    if (Object.keys(copy.metadata.labels).length === 0) delete copy.metadata.labels;
  }
  // Upstream's `creationTimestamp: null`, which older clients send in templates.
  if (copy.metadata && Object.values(copy.metadata).every((value) => value === undefined || value === null))
    delete copy.metadata;
  return copy;
}
