/** What a server shows that was given no certificate. Source: client-go's util/cert GenerateSelfSignedCertKey, apiserver's server/options/serving.go. */

import { join } from "node:path";
import type { Clock } from "@kubets/apimachinery";
import type { KeyPair } from "./create.ts";
import { readIfThere, writeAtomically } from "./files.ts";

/** Where the pair is kept, and who it is for. */
export interface SelfSignedOptions {
  /** Where `NAME.crt` and `NAME.key` are found, or put. */
  readonly directory: string;
  /** `apiserver` */
  readonly name: string;
  /** Who it is for: the server's public address. */
  readonly host: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly clock: Clock;
}

/** A certificate with its key, and the files they are in. */
export interface SelfSignedPair extends KeyPair {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Not found, but made just now. */
  readonly made: boolean;
}

const days = 365;

/** @throws Error when the directory cannot be read or written, or has only one of the two */
export async function selfSignedPair(options: SelfSignedOptions): Promise<SelfSignedPair> {
  const { directory, name, host, dnsNames, ipAddresses, clock } = options;
  const certificateFile = join(directory, `${name}.crt`);
  const keyFile = join(directory, `${name}.key`);
  const certificate = readIfThere(certificateFile);
  const key = readIfThere(keyFile);
  if (certificate !== undefined && key !== undefined)
    return { certificate, key, certificateFile, keyFile, made: false };
  if (certificate !== undefined || key !== undefined)
    throw new Error(
      `error reading ${key === undefined ? keyFile : certificateFile}, certificate and key must be supplied as a pair`,
    );
  const { createCertificate, createCertificateAuthority } = await import("./create.ts");
  const validity = { now: clock.now(), days };
  const seconds = Math.floor(validity.now / 1000);
  const authority = await createCertificateAuthority({ commonName: `${host}-ca@${seconds}` }, validity);
  const subject = { commonName: `${host}@${seconds}`, usages: ["server"] as const, dnsNames, ipAddresses };
  const leaf = await createCertificate(subject, authority, validity);
  const chain = leaf.certificate + authority.certificate;
  writeAtomically(certificateFile, chain, 0o644);
  writeAtomically(keyFile, leaf.key, 0o600);
  return { certificate: chain, key: leaf.key, certificateFile, keyFile, made: true };
}
