/**
 * Makes certificates, with @peculiar/x509 on WebCrypto: ECDSA on P-256, which takes a millisecond where RSA takes hundreds.
 * Import this file only when something has to be made: loading it takes longer than making all certificates of a cluster.
 */

import "reflect-metadata";
import { createPrivateKey, createPublicKey, type webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

export interface KeyPair {
  /** PEM */
  readonly certificate: string;
  /** PEM, PKCS #8 */
  readonly key: string;
}

export interface Subject {
  /** The user's name, for a client. */
  readonly commonName: string;
  /** The user's groups, for a client. */
  readonly organizations?: readonly string[];
}

export interface LeafOptions extends Subject {
  readonly usages: readonly ("client" | "server")[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

export interface Validity {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly days: number;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 24 * 60 * 60 * 1000;
/** Clocks differ: what was just made must be valid for everyone. */
const backdateMs = 5 * 60 * 1000;

export async function createCertificateAuthority(subject: Subject, validity: Validity): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: nameOf(subject),
    ...periodOf(validity),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.keyCertSign,
        true,
      ),
      new x509.BasicConstraintsExtension(true, undefined, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: subject.commonName }]),
    ],
  });
  return { certificate: pem(certificate), key: await exportKey(keys.privateKey) };
}

export async function createCertificate(
  options: LeafOptions,
  authority: KeyPair,
  validity: Validity,
): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await sign(options, keys.publicKey, authority, validity);
  return { certificate, key: await exportKey(keys.privateKey) };
}

/** For a key that is somebody else's, such as a CertificateSigningRequest's. @returns PEM */
export async function sign(
  options: LeafOptions,
  publicKey: CryptoKey,
  authority: KeyPair,
  validity: Validity,
): Promise<string> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: nameOf(options),
    issuer: issuer.subjectName,
    ...periodOf(validity, issuer.notAfter.getTime()),
    publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: algorithm,
    extensions: await extensionsOf(options, issuer),
  });
  return pem(certificate);
}

/** A key for service account tokens. PEM. */
export async function createSigningKey(): Promise<{ privateKey: string; publicKey: string }> {
  const { privateKey } = await generateKeys();
  const key = await exportKey(privateKey);
  return { privateKey: key, publicKey: createPublicKey(key).export({ type: "spki", format: "pem" }).toString() };
}

async function extensionsOf(options: LeafOptions, issuer: x509.X509Certificate): Promise<x509.Extension[]> {
  const oids = { client: x509.ExtendedKeyUsage.clientAuth, server: x509.ExtendedKeyUsage.serverAuth };
  const names = [
    ...(options.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(options.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  return [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
    new x509.ExtendedKeyUsageExtension(options.usages.map((usage) => oids[usage])),
    new x509.BasicConstraintsExtension(false, undefined, true),
    await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
  ];
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
}

async function exportKey(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" })
    .export({ type: "pkcs8", format: "pem" })
    .toString();
}

/** @throws Error for a key that is not ECDSA on P-256; kubets makes no other, but a user may bring one. */
async function importKey(key: string): Promise<CryptoKey> {
  const der = createPrivateKey(key).export({ type: "pkcs8", format: "der" });
  return crypto.subtle.importKey("pkcs8", new Uint8Array(der), algorithm, false, ["sign"]);
}

function nameOf({ commonName, organizations = [] }: Subject): x509.JsonName {
  return [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }];
}

function periodOf({ now, days }: Validity, latest = Number.POSITIVE_INFINITY): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - backdateMs), notAfter: new Date(Math.min(now + days * dayMs, latest)) };
}

function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40; // Positive, and never shorter.
  return Buffer.from(bytes).toString("hex");
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}
