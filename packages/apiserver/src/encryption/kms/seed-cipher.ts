/** AES-GCM with a key for each value, made of a seed. Source: apiserver's storage/value/encrypt/aes/aes_extended_nonce.go. */

import { createHmac, randomBytes as realRandomBytes } from "node:crypto";
import { aesGcm, type RandomBytes, type ValueCipher } from "../ciphers.ts";

export const seedSize = 32;
const infoSize = 32;

/** 32 random bytes, then what {@link aesGcm} makes of the value with HKDF-Expand(SHA-256, seed, those bytes). A seed is good for any number of values. */
export function seedCipher(seed: Uint8Array, randomBytes: RandomBytes = realRandomBytes): ValueCipher {
  if (seed.length < seedSize) throw new Error(`invalid seed length ${seed.length} used for key generation`);
  const cipherFor = (info: Uint8Array) => aesGcm(hkdfExpand(seed, info), randomBytes);
  return {
    encrypt(plain, path) {
      const info = randomBytes(infoSize);
      return Buffer.concat([info, cipherFor(info).encrypt(plain, path)]);
    },
    decrypt(stored, path) {
      if (stored.length < infoSize) throw new Error("the stored data was shorter than the required size");
      return cipherFor(stored.subarray(0, infoSize)).decrypt(stored.subarray(infoSize), path);
    },
  };
}

/** RFC 5869's expansion to as much as its hash gives: one block, whose number is one. */
export function hkdfExpand(seed: Uint8Array, info: Uint8Array): Uint8Array {
  return createHmac("sha256", seed).update(info).update(Uint8Array.of(1)).digest();
}
