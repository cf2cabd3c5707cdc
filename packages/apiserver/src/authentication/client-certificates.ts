/** Verifies the certificates that clients present, with their intermediates. Source: Go's x509.Certificate.Verify as apiserver's request/x509 asks for it. */

import { createHash, X509Certificate } from "node:crypto";
import { type Clock, formatTime } from "@kubets/apimachinery";
import type { Credentials } from "./authenticator.ts";
import { rejected } from "./union.ts";

const clientAuth = "1.3.6.1.5.5.7.3.2";
const anyExtendedKeyUsage = "2.5.29.37.0";
/** Kubernetes' own: the user's uid. */
const uidAttribute = "1.3.6.1.4.1.57683.2";

/** How many distinct certificates are remembered; beyond it the oldest is verified again. */
const maxRemembered = 4096;
/** Presented by anyone: what they cost is bounded. */
const maxIntermediates = 8;
const maxSignatureChecks = 64;

export interface VerifiedCertificate {
  /** SHA-256, in hexadecimal. */
  readonly fingerprint: string;
  /** When it ends by itself, in epoch milliseconds; the authorities above it may end before. */
  readonly notAfter: number;
  /** "" when there is none. */
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Values of the uid attribute: none or one, if it is to be a user's. */
  readonly uids: readonly string[];
}

/** What was found, and while it stays so: certificates come and go with the clock, which may also be set. */
interface Remembered {
  readonly outcome: VerifiedCertificate | Error;
  /** Epoch milliseconds, both included. Outside of them it is to be found out anew. */
  readonly from: number;
  readonly until: number;
}

const always = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };

interface Authority {
  readonly certificate: X509Certificate;
  readonly isRoot: boolean;
}

/** Verifies a certificate once and remembers it: a signature check costs more than the rest of a request. */
export class ClientCertificates {
  readonly #clock: Clock;
  #roots: readonly Authority[] = [];
  /** By the buffer's identity: all requests of one connection. A failure is remembered too. */
  #byBuffer = new WeakMap<Uint8Array, Remembered>();
  #byFingerprint = new Map<string, Remembered>();

  /** @param authorities PEM of one or more. @throws Error when there is none, or one is malformed */
  constructor(authorities: string, clock: Clock) {
    this.#clock = clock;
    this.replaceAuthorities(authorities);
  }

  /** From now on these alone are trusted. @throws Error, and the old ones stay */
  replaceAuthorities(authorities: string): void {
    this.#roots = parseCertificates(authorities).map((certificate) => ({ certificate, isRoot: true }));
    this.#byBuffer = new WeakMap();
    this.#byFingerprint = new Map();
  }

  /**
   * Asked for every request: a certificate that ends while its connection lives is refused from then on.
   * Undefined without a certificate; a promise the first time that a certificate comes with intermediates. @throws StatusError 401
   */
  verify(
    credentials: Pick<Credentials, "peerCertificate" | "peerIntermediates">,
  ): VerifiedCertificate | Promise<VerifiedCertificate> | undefined {
    const der = credentials.peerCertificate;
    if (der === undefined || der.length === 0) return undefined;
    const known = this.#byBuffer.get(der);
    const now = this.#clock.now();
    if (known !== undefined && holdsAt(known, now)) return certificateOf(known);
    const byBuffer = this.#byBuffer;
    const found = this.#verifyOnce(der, credentials.peerIntermediates ?? (() => []), now);
    const settle = (remembered: Remembered) => {
      byBuffer.set(der, remembered);
      return certificateOf(remembered);
    };
    return found instanceof Promise ? found.then(settle) : settle(found);
  }

  #verifyOnce(
    der: Uint8Array,
    intermediates: () => readonly Uint8Array[],
    now: number,
  ): Remembered | Promise<Remembered> {
    const fingerprint = createHash("sha256").update(der).digest("hex");
    const byFingerprint = this.#byFingerprint;
    const known = byFingerprint.get(fingerprint);
    if (known !== undefined && holdsAt(known, now)) return known;
    const keep = (verified: Remembered) => {
      byFingerprint.delete(fingerprint);
      const [oldest] = byFingerprint.keys();
      if (byFingerprint.size >= maxRemembered && oldest !== undefined) byFingerprint.delete(oldest);
      byFingerprint.set(fingerprint, verified);
      return verified;
    };
    let asked: readonly X509Certificate[] = this.#roots.map(({ certificate }) => certificate);
    // Which authorities are valid decides what is found: it stays until the next of them begins or ends.
    const failed = (error: unknown): Remembered => ({ outcome: asError(error), ...steadyAround(now, asked) });
    let leaf: X509Certificate;
    try {
      leaf = parse(der);
    } catch (error) {
      return { outcome: asError(error), ...always };
    }
    const untimely = outOfTime(leaf, now);
    if (untimely !== undefined) return untimely;
    asked = [leaf, ...asked];
    try {
      const others = () => {
        const authorities = presented(intermediates());
        asked = [...asked, ...authorities.map(({ certificate }) => certificate)];
        return authorities;
      };
      const chain = this.#chainOf(leaf, others, now);
      const all = [leaf, ...chain];
      const verified: Remembered = {
        outcome: subjectOf(leaf, fingerprint),
        from: Math.max(...all.map(beginOf)),
        until: Math.min(...all.map(endOf)),
      };
      if (chain.length === 1) return keep(verified);
      return checkConstraints(chain).then(() => keep(verified), failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** The leaf's issuers, up to a root. @throws StatusError 401 */
  #chainOf(leaf: X509Certificate, others: () => readonly Authority[], now: number): readonly X509Certificate[] {
    const chain = findChain(leaf, this.#roots, now) ?? findChain(leaf, [...this.#roots, ...others()], now);
    if (chain === undefined) throw rejected("x509: certificate signed by unknown authority");
    if (![leaf, ...chain].every(isForClients)) throw rejected("x509: certificate specifies an incompatible key usage");
    return chain;
  }
}

function holdsAt({ from, until }: Remembered, now: number): boolean {
  return from <= now && now <= until;
}

function certificateOf({ outcome }: Remembered): VerifiedCertificate {
  if (outcome instanceof Error) throw outcome;
  return outcome;
}

function beginOf({ validFromDate }: X509Certificate): number {
  return validFromDate.getTime();
}

function endOf({ validToDate }: X509Certificate): number {
  return validToDate.getTime();
}

/** A leaf that is not valid yet, or no more. The text is Go's, but for the instant: it is remembered. */
function outOfTime(leaf: X509Certificate, now: number): Remembered | undefined {
  const [begin, end] = [beginOf(leaf), endOf(leaf)];
  const why = (relation: string, at: number) =>
    rejected(`x509: certificate has expired or is not yet valid: current time is ${relation} ${formatTime(at)}`);
  if (now < begin) return { outcome: why("before", begin), from: Number.NEGATIVE_INFINITY, until: begin - 1 };
  if (now > end) return { outcome: why("after", end), from: end + 1, until: Number.POSITIVE_INFINITY };
  return undefined;
}

/** The time around `now` in which none of the certificates becomes valid or ceases to be. */
function steadyAround(now: number, certificates: readonly X509Certificate[]): { from: number; until: number } {
  let { from, until } = always;
  // The first instants after a change.
  for (const change of certificates.flatMap((each) => [beginOf(each), endOf(each) + 1])) {
    if (change <= now) from = Math.max(from, change);
    else until = Math.min(until, change - 1);
  }
  return { from, until };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error("x509: the certificate could not be verified", { cause: error });
}

const nameConstraints = "2.5.29.30";

/** What a CA may not sign, which only its extensions say. The reader of extensions is loaded when a chain has more than a root. @throws StatusError 401 */
async function checkConstraints(chain: readonly X509Certificate[]): Promise<void> {
  await import("reflect-metadata");
  const { BasicConstraintsExtension, X509Certificate: Reader } = await import("@peculiar/x509");
  for (const [authoritiesBelow, ca] of chain.entries()) {
    const read = new Reader(ca.raw);
    const length = read.getExtension(BasicConstraintsExtension)?.pathLength;
    if (length !== undefined && authoritiesBelow > length)
      throw rejected("x509: too many intermediates for path length constraint");
    if (read.getExtension(nameConstraints) !== null) throw rejected("x509: unhandled critical extension");
  }
}

function presented(ders: readonly Uint8Array[]): Authority[] {
  return ders.slice(0, maxIntermediates).map((der) => ({ certificate: parse(der), isRoot: false }));
}

/** From the leaf's issuer to a root; undefined when there is no way. */
function findChain(
  leaf: X509Certificate,
  authorities: readonly Authority[],
  now: number,
): X509Certificate[] | undefined {
  let checks = 0;
  const extend = (last: X509Certificate, below: readonly X509Certificate[]): X509Certificate[] | undefined => {
    for (const { certificate: ca, isRoot } of authorities) {
      if (below.includes(ca) || !ca.ca || !last.checkIssued(ca) || !isValidAt(ca, now)) continue;
      if (checks++ >= maxSignatureChecks) return undefined;
      if (!last.verify(ca.publicKey)) continue;
      const chain = [...below, ca];
      const whole = isRoot ? chain : chain.length > maxIntermediates ? undefined : extend(ca, chain);
      if (whole !== undefined) return whole;
    }
    return undefined;
  };
  return extend(leaf, []);
}

function isForClients(certificate: X509Certificate): boolean {
  const usages = certificate.keyUsage as string[] | undefined;
  return usages === undefined || usages.includes(clientAuth) || usages.includes(anyExtendedKeyUsage);
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw rejected("x509: malformed certificate", cause);
  }
}

function isValidAt(certificate: X509Certificate, now: number): boolean {
  return beginOf(certificate) <= now && now <= endOf(certificate);
}

function subjectOf(certificate: X509Certificate, fingerprint: string): VerifiedCertificate {
  // Node's types know one value for each part of a name; a name may repeat them, and then it is an array.
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>;
  const all = (attribute: string) => [subject?.[attribute] ?? []].flat();
  return {
    fingerprint,
    notAfter: endOf(certificate),
    commonName: all("CN").at(-1) ?? "",
    organizations: all("O"),
    uids: all(uidAttribute),
  };
}

/** All certificates in a PEM text. @throws Error when there is none, or one is malformed */
export function parseCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (blocks === null) throw new Error("no CERTIFICATE blocks found in the client CA bundle");
  return blocks.map((block) => new X509Certificate(block));
}
