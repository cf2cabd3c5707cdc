/**
 * What is stored of a value that a KMS provider encrypted: the value under a key of its own, and that key, or the seed it is made of, as the plugin
 * encrypted it. Form and limits are upstream's (apiserver's storage/value/encrypt/envelope/kmsv2).
 */

import { isDNS1123Subdomain, pushAll } from "@kubets/apimachinery";
import { bytesField, Fields, mapField, numberField } from "./wire.ts";

/** What the plugin's plaintext is. */
export const sourceTypes = {
  /** The AES-GCM key itself: what API servers before v1.29 wrote. */
  key: 0,
  /** What HKDF makes a key of for each value, with the first 32 bytes of the encrypted value. */
  seed: 1,
} as const;

/** A key or a seed as the plugin encrypted it. */
export interface EncryptedSource {
  readonly keyId: string;
  readonly source: Uint8Array;
  readonly annotations: ReadonlyMap<string, Uint8Array>;
  readonly type: number;
}

export interface EncryptedObject extends EncryptedSource {
  readonly data: Uint8Array;
}

const maxAnnotations = 32 * 1024;
const maxKeyId = 1024;
const maxSource = 1024;

/** @throws Error for what must not be stored */
export function encodeObject({ data, keyId, source, annotations, type }: EncryptedObject): Uint8Array {
  return Buffer.concat([
    ...bytesField(1, data),
    ...bytesField(2, keyId),
    ...bytesField(3, source),
    ...mapField(4, annotations),
    ...numberField(5, type),
  ]);
}

/** @throws Error with upstream's words */
export function decodeObject(stored: Uint8Array): EncryptedObject {
  const fields = new Fields(stored);
  const object = {
    data: fields.bytes(1),
    keyId: fields.text(2),
    source: fields.bytes(3),
    annotations: fields.map(4),
    type: fields.number(5),
  };
  checkSource(object);
  if (object.data.length === 0) throw new Error("encrypted data is empty");
  return object;
}

/** @throws Error with upstream's words */
export function checkSource({ keyId, source, annotations, type }: EncryptedSource): void {
  if (type !== sourceTypes.key && type !== sourceTypes.seed) throw new Error(`unknown encryptedDEKSourceType: ${type}`);
  const flaw = sourceFlaw(source);
  if (flaw !== undefined) throw new Error(`failed to validate encrypted DEK source: ${flaw}`);
  const keyFlaw = keyIdFlaw(keyId);
  if (keyFlaw !== undefined) throw new Error(`failed to validate key id: ${keyFlaw.text}`);
  const problem = annotationsFlaw(annotations);
  if (problem !== undefined) throw new Error(`failed to validate annotations: ${problem}`);
}

function sourceFlaw({ length }: Uint8Array): string | undefined {
  if (length === 0) return "encrypted DEK source is empty";
  if (length <= maxSource) return undefined;
  return `encrypted DEK source is ${length} bytes, which exceeds the max size of ${maxSource}`;
}

/** @returns what is wrong, in words and as metrics have it */
export function keyIdFlaw(keyId: string): { readonly text: string; readonly code: "empty" | "too_long" } | undefined {
  if (keyId === "") return { text: "keyID is empty", code: "empty" };
  const length = Buffer.byteLength(keyId);
  if (length <= maxKeyId) return undefined;
  return { text: `keyID is ${length} bytes, which exceeds the max size of ${maxKeyId}`, code: "too_long" };
}

function annotationsFlaw(annotations: ReadonlyMap<string, Uint8Array>): string | undefined {
  const problems: string[] = [];
  let size = 0;
  for (const [name, value] of annotations) {
    size += Buffer.byteLength(name) + value.length;
    const flaws = isDNS1123Subdomain(name);
    if (name === "") problems.push("annotations: Required value");
    else if (flaws.length > 0)
      pushAll(
        problems,
        flaws.map((flaw) => invalid(name, flaw)),
      );
    else if (!name.includes("."))
      problems.push(invalid(name, "should be a domain with at least two segments separated by dots"));
  }
  if (size > maxAnnotations)
    problems.push(`total size of annotations is ${size}, which exceeds the max size of ${maxAnnotations}`);
  if (problems.length === 0) return undefined;
  return problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`;
}

function invalid(name: string, why: string): string {
  return `annotations: Invalid value: ${JSON.stringify(name)}: ${why}`;
}
