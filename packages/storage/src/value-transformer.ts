/**
 * What becomes of a value on its way to a disk or an etcd, and back: encryption at rest. Readers of the store only ever see plain values.
 * Both directions are synchronous, so that a write is decided, revised and queued in one turn.
 */

import type { Entry } from "./store.ts";

/** Says how the values of each key are stored. */
export interface ValueTransformer {
  /**
   * How values of this key are stored now; undefined when they are passed on. It is asked for every write and every value loaded, and must cost
   * next to nothing.
   * @param key as the store's users know it (`/registry/secrets/default/x`)
   */
  codecOf(key: string): ValueCodec | undefined;
  /** `changed` is called when codecs have become others. */
  onChange?(changed: () => void): void;
}

/** How one kind of value is stored. */
export interface ValueCodec {
  /** What {@link encode} encrypts with; undefined when it leaves values plain. Equal for the same key, whatever else was configured meanwhile. */
  readonly seal: string | undefined;
  /** @param path where the value is stored: it is authenticated with the value, which then cannot be moved to another */
  encode(path: string, bytes: Uint8Array): Uint8Array;
  /** @throws Error when no key at hand can read it, with upstream's message */
  decode(path: string, stored: Uint8Array): DecodedValue;
}

/** A value as readers get it, and how it lay in the store. */
export interface DecodedValue {
  readonly bytes: Uint8Array;
  /** What it is encrypted with. */
  readonly seal: string | undefined;
}

const encryptedPrefix = new TextEncoder().encode("k8s:enc:");

/** Whether bytes as they are stored were encrypted, by whatever provider. Objects begin with "{", or "k8s\0". */
export function isEncrypted(bytes: Uint8Array): boolean {
  if (bytes.length < encryptedPrefix.length || bytes[0] !== encryptedPrefix[0]) return false;
  return encryptedPrefix.every((byte, i) => bytes[i] === byte);
}

/**
 * What a store does with each value it reads from below. An encrypted value that there is no codec for is refused, as upstream does,
 * and never given to a reader as if it were an object.
 * @throws Error with upstream's message, which names the path
 */
export function decodeValue(codec: ValueCodec | undefined, path: string, stored: Uint8Array): DecodedValue {
  try {
    if (codec !== undefined) return codec.decode(path, stored);
    if (isEncrypted(stored)) throw new Error("identity transformer tried to read encrypted data");
    return { bytes: stored, seal: undefined };
  } catch (cause) {
    throw new Error(`unable to transform key ${JSON.stringify(path)}: ${(cause as Error).message}`, { cause });
  }
}

/** Whether an entry is stored as it would be now. */
export function isSealedAsNow(transformer: ValueTransformer | undefined, { key, seal }: Entry): boolean {
  return transformer?.codecOf(key)?.seal === seal;
}
