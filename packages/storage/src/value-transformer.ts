/**
 * What becomes of a value on its way to a disk or an etcd, and back: encryption at rest. Readers of the store only ever see plain values.
 * Both directions are synchronous, so that a write is decided, revised and queued in one turn.
 */

export interface DecodedValue {
  readonly bytes: Uint8Array;
  /** Not as {@link ValueTransformer.encode} would write it today (an older key, or plain): to be written again when next updated, even unchanged. */
  readonly stale: boolean;
}

export interface ValueTransformer {
  /**
   * Whether values of this key are anything but passed on. False must cost next to nothing: it is asked for every write and every value loaded.
   * A key that is not concerned is neither encoded nor decoded.
   */
  concerns(key: string): boolean;
  /** @param key the whole key (`/registry/secrets/default/x`): it is authenticated with the value, which cannot be moved to another */
  encode(key: string, bytes: Uint8Array): Uint8Array;
  /** @throws ValueTransformError when no key at hand can read it */
  decode(key: string, bytes: Uint8Array): DecodedValue;
}

/** A stored value cannot be read. `message` is upstream's; the key is not part of it. */
export class ValueTransformError extends Error {
  /** The store's key of the value. */
  readonly key: string;

  constructor(key: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ValueTransformError";
    this.key = key;
  }
}

const encryptedPrefix = new TextEncoder().encode("k8s:enc:");

/** Whether bytes as they are stored were encrypted, by whatever provider. Objects begin with "{". */
export function isEncrypted(bytes: Uint8Array): boolean {
  if (bytes.length < encryptedPrefix.length || bytes[0] !== encryptedPrefix[0]) return false;
  return encryptedPrefix.every((byte, i) => bytes[i] === byte);
}

/**
 * What a store does with each value it reads from below. An encrypted value that no transformer is concerned with is refused, as upstream does,
 * and never given to a reader as if it were an object.
 * @throws ValueTransformError
 */
export function decodeValue(transformer: ValueTransformer | undefined, key: string, bytes: Uint8Array): DecodedValue {
  if (transformer?.concerns(key)) return transformer.decode(key, bytes);
  if (isEncrypted(bytes)) throw new ValueTransformError(key, "identity transformer tried to read encrypted data");
  return { bytes, stale: false };
}
