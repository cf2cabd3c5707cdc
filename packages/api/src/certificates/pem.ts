/** PEM, and what is wrong with what is in it, in the words of Go's crypto/x509. */

import { constants, createPublicKey, type KeyObject, verify, X509Certificate } from "node:crypto";
import { DerError, type DerNode, derChildren, derObjectIdentifier, readDer } from "./der.ts";

export interface PemBlock {
  readonly type: string;
  readonly hasHeaders: boolean;
  readonly bytes: Uint8Array;
}

const [beginning, ending, dashes] = ["-----BEGIN ", "\n-----END ", "-----"] as const;

/** The blocks of a text, as Go's encoding/pem finds them; what is between them, and what is not quite one, is passed over. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let from = 0;
  for (let end = text.indexOf(ending); end >= 0; end = text.indexOf(ending, from)) {
    const block = blockBetween(text, from, end);
    if (block !== undefined) blocks.push(block);
    from = end + ending.length;
  }
  return blocks;
}

/** The block that ends at `end`, if it is one: it begins at the last beginning before that. */
function blockBetween(text: string, from: number, end: number): PemBlock | undefined {
  const before = text.slice(from, end + 1);
  const begin = before.lastIndexOf(beginning);
  if (begin < 0 || (begin > 0 && before[begin - 1] !== "\n")) return undefined;
  const [first = "", ...lines] = before.slice(begin + beginning.length, -1).split("\n");
  const typeLine = first.trimEnd();
  const type = typeLine.slice(0, -dashes.length);
  const newline = text.indexOf("\n", end + 1);
  const last = text.slice(end + ending.length, newline < 0 ? undefined : newline).trimEnd();
  if (!typeLine.endsWith(dashes) || last !== type + dashes) return undefined;
  const headers = lines.length === 0 ? 0 : lines.findIndex((line) => !line.includes(":"));
  if (headers < 0) return undefined;
  const base64 = lines
    .slice(headers)
    .join("")
    .replaceAll(/[ \t\r]/g, "");
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return undefined;
  return { type, hasHeaders: headers > 0, bytes: Buffer.from(base64, "base64") };
}

const signatureAlgorithms: Readonly<Record<string, { hash: string | null; name: string }>> = {
  "1.2.840.113549.1.1.5": { hash: "sha1", name: "rsa" },
  "1.2.840.113549.1.1.10": { hash: "sha256", name: "rsa-pss" },
  "1.2.840.113549.1.1.11": { hash: "sha256", name: "rsa" },
  "1.2.840.113549.1.1.12": { hash: "sha384", name: "rsa" },
  "1.2.840.113549.1.1.13": { hash: "sha512", name: "rsa" },
  "1.2.840.10045.4.1": { hash: "sha1", name: "ecdsa" },
  "1.2.840.10045.4.3.2": { hash: "sha256", name: "ecdsa" },
  "1.2.840.10045.4.3.3": { hash: "sha384", name: "ecdsa" },
  "1.2.840.10045.4.3.4": { hash: "sha512", name: "ecdsa" },
  "1.3.101.112": { hash: null, name: "ed25519" },
};

const failures: Readonly<Record<string, string>> = {
  ecdsa: "x509: ECDSA verification failure",
  ed25519: "x509: Ed25519 verification failure",
};

/** What is wrong with a certificate request, its own signature included; undefined when nothing is. `base64` is PEM within base64. */
export function certificateRequestProblem(base64: string): string | undefined {
  const [block] = pemBlocks(Buffer.from(base64, "base64").toString("latin1"));
  if (block?.type !== "CERTIFICATE REQUEST") return "PEM block type must be CERTIFICATE REQUEST";
  return pkcs10Problem(block.bytes);
}

/** The same of a request that is not wrapped in PEM. */
export function pkcs10Problem(der: Uint8Array): string | undefined {
  try {
    return signatureProblem(readDer(der));
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
}

/** PKCS #10: what is asked for, the algorithm, the signature. What is asked for begins with version, subject, public key. */
function signatureProblem(request: DerNode): string | undefined {
  const malformed = "asn1: structure error: tags don't match";
  if (request.tag !== 0x30) return malformed;
  const [info, algorithm, signature] = derChildren(request);
  if (info?.tag !== 0x30 || algorithm?.tag !== 0x30 || signature?.tag !== 0x03) return malformed;
  const publicKey = derChildren(info)[2];
  const identifier = derChildren(algorithm)[0];
  if (publicKey === undefined || identifier === undefined) return malformed;
  const known = signatureAlgorithms[derObjectIdentifier(identifier)];
  if (known === undefined) return "x509: cannot verify signature: algorithm unimplemented";
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(publicKey.whole), format: "der", type: "spki" });
  } catch {
    // OpenSSL's words would say nothing to the user.
    return "x509: invalid public key";
  }
  // The first byte of a bit string counts its unused bits: none here.
  const isValid = verify(known.hash, info.whole, keyOptions(key, known.name), signature.content.subarray(1));
  return isValid ? undefined : (failures[known.name] ?? "crypto/rsa: verification error");
}

function keyOptions(key: KeyObject, algorithm: string) {
  if (algorithm !== "rsa-pss") return key;
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_AUTO: saltLength } = constants;
  return { key, padding, saltLength };
}

/** What is wrong with one or more certificates in PEM. */
export function certificatesProblem(text: string): string | undefined {
  const blocks = pemBlocks(text);
  for (const { type, hasHeaders, bytes } of blocks) {
    if (type !== "CERTIFICATE") return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (hasHeaders) return "no PEM block headers are permitted";
    if (parseCertificate(bytes) === undefined) return "x509: malformed certificate";
  }
  return blocks.length === 0 ? "must contain at least one CERTIFICATE PEM block" : undefined;
}

export function parseCertificate(bytes: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes);
  } catch {
    // Not a certificate; the caller says so.
    return undefined;
  }
}
