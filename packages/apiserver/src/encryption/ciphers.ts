/** What a key does to one value. Formats and error texts are upstream's (apiserver's storage/value/encrypt): a value written here is read there, and the other way round. */

import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes as realRandomBytes,
} from "node:crypto";

export interface ValueCipher {
  /** @param path authenticated with the value, where the cipher can */
  encrypt(plain: Uint8Array, path: string): Uint8Array;
  /** @throws Error with upstream's text */
  decrypt(stored: Uint8Array, path: string): Uint8Array;
}

export type RandomBytes = (size: number) => Uint8Array;

const tooShort = "the stored data was shorter than the required size";
const block = 16;

/** IV, then AES in CBC mode with PKCS#7 padding. Nothing is authenticated: a changed value is found out by its padding at best. */
export function aesCbc(secret: Uint8Array, randomBytes: RandomBytes = realRandomBytes): ValueCipher {
  const { key, name } = aesKey(secret, "cbc");
  return {
    encrypt(plain) {
      const iv = randomBytes(block);
      const cipher = createCipheriv(name, key, iv);
      return Buffer.concat([iv, cipher.update(plain), cipher.final()]);
    },
    decrypt(stored) {
      if (stored.length < block) throw new Error(tooShort);
      if (stored.length % block !== 0) throw new Error("the stored data is not a multiple of the block size");
      const decipher = createDecipheriv(name, key, stored.subarray(0, block)).setAutoPadding(false);
      return withoutPadding(Buffer.concat([decipher.update(stored.subarray(block)), decipher.final()]));
    },
  };
}

function withoutPadding(padded: Buffer): Buffer {
  const padding = padded.at(-1) ?? 0;
  if (padding === 0 || padding > padded.length) throw new Error("invalid PKCS7 data (empty or not padded)");
  const size = padded.length - padding;
  if (padded.subarray(size).some((byte) => byte !== padding)) throw new Error("invalid padding on input");
  return padded.subarray(0, size);
}

const gcmNonce = 12;
const gcmTag = 16;

/** A random nonce, AES in GCM mode, and its tag, over the value and its path. A key is good for 2^32 writes. */
export function aesGcm(secret: Uint8Array, randomBytes: RandomBytes = realRandomBytes): ValueCipher {
  const { key, name } = aesKey(secret, "gcm");
  return {
    encrypt(plain, path) {
      const nonce = randomBytes(gcmNonce);
      const cipher = createCipheriv(name, key, nonce).setAAD(Buffer.from(path));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    decrypt(stored, path) {
      if (stored.length < gcmNonce) throw new Error(tooShort);
      const end = stored.length - gcmTag;
      try {
        const decipher = createDecipheriv(name, key, stored.subarray(0, gcmNonce), { authTagLength: gcmTag });
        decipher.setAAD(Buffer.from(path)).setAuthTag(stored.subarray(Math.max(end, gcmNonce)));
        return Buffer.concat([decipher.update(stored.subarray(gcmNonce, end)), decipher.final()]);
      } catch (cause) {
        throw new Error("cipher: message authentication failed", { cause });
      }
    },
  };
}

function aesKey(secret: Uint8Array, mode: "cbc" | "gcm"): { key: KeyObject; name: "aes-256-gcm" } {
  // Node types the modes apart, by what their ciphers can do; the callers know which they asked for.
  const name = `aes-${secret.length * 8}-${mode}` as "aes-256-gcm";
  return { key: createSecretKey(secret), name };
}

const boxNonce = 24;
const boxTag = 16;

/** A random nonce, then NaCl's secretbox: XSalsa20 and Poly1305. The path is not authenticated. */
export async function secretbox(secret: Uint8Array, randomBytes: RandomBytes = realRandomBytes): Promise<ValueCipher> {
  const { xsalsa20poly1305 } = await import("@noble/ciphers/salsa.js");
  return {
    encrypt(plain) {
      const nonce = randomBytes(boxNonce);
      return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(plain)]);
    },
    decrypt(stored) {
      if (stored.length < boxNonce + boxTag) throw new Error(tooShort);
      try {
        return xsalsa20poly1305(secret, stored.subarray(0, boxNonce)).decrypt(stored.subarray(boxNonce));
      } catch (cause) {
        throw new Error("output array was not large enough for encryption", { cause });
      }
    },
  };
}
