/** Client certificates: CN is the user, O the groups. Source: apiserver's authentication/request/x509. */

import { createHash, X509Certificate } from "node:crypto";
import type { Clock } from "@kubets/apimachinery";
import type { Authenticator, UserInfo } from "./authenticator.ts";
import { rejected } from "./union.ts";
import { credentialIdKey } from "./users.ts";

const clientAuth = "1.3.6.1.5.5.7.3.2";
const anyExtendedKeyUsage = "2.5.29.37.0";

/** How many distinct certificates are remembered; beyond it the oldest is verified again. */
const maxRemembered = 4096;

export interface X509Options {
  /** PEM of one or more CA certificates: `--client-ca-file`. */
  readonly clientCA: string;
  readonly clock: Clock;
}

interface Verified {
  readonly user: UserInfo | undefined;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Verifies a certificate once and remembers it: a signature check costs more than the rest of a request. */
export class X509Authenticator implements Authenticator {
  readonly #authorities: readonly X509Certificate[];
  readonly #clock: Clock;
  /** By the buffer's identity: all requests of one connection. */
  readonly #byBuffer = new WeakMap<Uint8Array, Verified>();
  readonly #byFingerprint = new Map<string, Verified>();

  constructor({ clientCA, clock }: X509Options) {
    this.#authorities = parseCertificates(clientCA);
    this.#clock = clock;
  }

  async authenticate({ peerCertificate }: { readonly peerCertificate?: Uint8Array }): Promise<UserInfo | undefined> {
    if (peerCertificate === undefined || peerCertificate.length === 0) return undefined;
    let verified = this.#byBuffer.get(peerCertificate);
    if (verified === undefined) {
      verified = this.#verifyOnce(peerCertificate);
      this.#byBuffer.set(peerCertificate, verified);
    }
    const now = this.#clock.now();
    if (now < verified.notBefore || now > verified.notAfter)
      throw rejected("x509: certificate has expired or is not yet valid");
    return verified.user;
  }

  #verifyOnce(der: Uint8Array): Verified {
    const fingerprint = createHash("sha256").update(der).digest("hex");
    let verified = this.#byFingerprint.get(fingerprint);
    if (verified === undefined) {
      verified = this.#verify(der, fingerprint);
      if (this.#byFingerprint.size >= maxRemembered)
        this.#byFingerprint.delete(this.#byFingerprint.keys().next().value!);
      this.#byFingerprint.set(fingerprint, verified);
    }
    return verified;
  }

  /** @throws StatusError 401 */
  #verify(der: Uint8Array, fingerprint: string): Verified {
    const certificate = parse(der);
    const now = this.#clock.now();
    const issuer = this.#authorities.find(
      (ca) => ca.ca && certificate.checkIssued(ca) && certificate.verify(ca.publicKey) && isValidAt(ca, now),
    );
    if (issuer === undefined) throw rejected("x509: certificate signed by unknown authority");
    const usages = certificate.keyUsage as string[] | undefined;
    if (usages !== undefined && !usages.includes(clientAuth) && !usages.includes(anyExtendedKeyUsage))
      throw rejected("x509: certificate specifies an incompatible key usage");
    return {
      user: userOf(certificate, fingerprint),
      notBefore: Math.max(certificate.validFromDate.getTime(), issuer.validFromDate.getTime()),
      notAfter: Math.min(certificate.validToDate.getTime(), issuer.validToDate.getTime()),
    };
  }
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw rejected("x509: malformed certificate", cause);
  }
}

function isValidAt(certificate: X509Certificate, now: number): boolean {
  return certificate.validFromDate.getTime() <= now && now <= certificate.validToDate.getTime();
}

function userOf(certificate: X509Certificate, fingerprint: string): UserInfo | undefined {
  // Node's types know one value for each part of a name; a name may repeat them, and then it is an array.
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>;
  const name = [subject?.["CN"] ?? []].flat().at(-1);
  if (name === undefined || name === "") return undefined;
  return {
    name,
    groups: [subject["O"] ?? []].flat(),
    extra: { [credentialIdKey]: [`X509SHA256=${fingerprint}`] },
  };
}

/** All certificates in a PEM text. @throws Error when there is none, or one is malformed */
export function parseCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (blocks === null) throw new Error("no CERTIFICATE blocks found in the client CA bundle");
  return blocks.map((block) => new X509Certificate(block));
}
