/** The keys that sign and verify service account tokens. */

import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

export type SigningAlgorithm = "RS256" | "ES256" | "ES384" | "ES512";

export interface VerificationKey {
  readonly id: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicKey: KeyObject;
}

export interface SigningKey extends VerificationKey {
  readonly privateKey: KeyObject;
}

/** `--service-account-signing-key-file`: PEM of an RSA or ECDSA private key. @throws Error for any other */
export function parseSigningKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  return { ...verificationKey(createPublicKey(privateKey)), privateKey };
}

/** `--service-account-key-file`: one or more PEM public keys, or private keys whose public half is meant. */
export function parseVerificationKeys(pem: string): VerificationKey[] {
  const blocks = pem.match(/-----BEGIN ([A-Z ]*KEY)-----[^-]+-----END \1-----/g) ?? [];
  if (blocks.length === 0) throw new Error("no RSA or ECDSA keys found in the service account key file");
  return blocks.map((block) => verificationKey(createPublicKey(block)));
}

function verificationKey(publicKey: KeyObject): VerificationKey {
  return { id: keyIdOf(publicKey), algorithm: algorithmOf(publicKey), publicKey };
}

/** As upstream: the SHA-256 of the key's SubjectPublicKeyInfo. */
function keyIdOf(publicKey: KeyObject): string {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url");
}

function algorithmOf(key: KeyObject): SigningAlgorithm {
  if (key.asymmetricKeyType === "rsa") return "RS256";
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case "prime256v1":
      return "ES256";
    case "secp384r1":
      return "ES384";
    case "secp521r1":
      return "ES512";
    default:
      throw new Error("service account keys must be RSA, or ECDSA on P-256, P-384 or P-521");
  }
}
