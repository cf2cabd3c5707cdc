import type { Container } from "@kubets/api";

/**
 * The part of a container's spec whose change means a new container, as eight hex digits. Since v1.31 upstream hashes name and image only:
 * nothing else of a running pod's containers may change in the API. 32-bit FNV-1a over the JSON, as upstream does.
 */
export function hashContainer(container: Container): string {
  const text = JSON.stringify({ name: container.name, image: container.image ?? "" });
  return fnv1a32(text).toString(16);
}

/** 32-bit FNV-1a of the UTF-8 bytes. */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text, "utf8")) {
    hash ^= byte;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash >>> 0;
}
