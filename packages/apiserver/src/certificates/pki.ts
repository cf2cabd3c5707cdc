/**
 * A cluster's certificates in a directory, as kubeadm lays it out: made when missing, used again while good, made anew when near their end
 * or when a name is missing. When there is nothing to make, nothing heavy is loaded.
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { type Clock, type Logger, silentLogger } from "@kubets/apimachinery";
import type { KeyPair, LeafOptions } from "./create.ts";
import { readIfThere, writeAtomically } from "./files.ts";

export interface PkiOptions {
  /** Often `.../pki`. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger?: Logger;
}

/** Which authority signs: the cluster's, or the front proxy's. */
export type AuthorityName = "ca" | "front-proxy-ca";

const authorityDays = 3650;
const leafDays = 365;
/** A leaf is made anew when it has less than this left. */
const renewBeforeMs = 30 * 24 * 60 * 60 * 1000;

const commonNames: Readonly<Record<AuthorityName, string>> = { ca: "kubernetes", "front-proxy-ca": "front-proxy-ca" };

/** The certificates and keys in one folder: each is read, or made when it is missing or no longer good. */
export class Pki {
  readonly directory: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #authorities = new Map<AuthorityName, Promise<KeyPair>>();

  constructor({ directory, clock, logger = silentLogger }: PkiOptions) {
    this.directory = directory;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Where `NAME.crt`, `NAME.key` and the like are. */
  path(file: string): string {
    return join(this.directory, file);
  }

  /** @throws Error when what is there cannot be used: it is never replaced, for everything in the cluster trusts it. */
  authority(name: AuthorityName): Promise<KeyPair> {
    let authority = this.#authorities.get(name);
    if (authority === undefined) {
      authority = this.#authority(name);
      this.#authorities.set(name, authority);
    }
    return authority;
  }

  async #authority(name: AuthorityName): Promise<KeyPair> {
    const found = this.#read(name);
    if (found !== undefined) {
      this.#checkAuthority(name, found);
      return found;
    }
    const { createCertificateAuthority } = await import("./create.ts");
    const subject = { commonName: commonNames[name] };
    const made = await createCertificateAuthority(subject, { now: this.#clock.now(), days: authorityDays });
    this.#write(name, made);
    return made;
  }

  #checkAuthority(name: AuthorityName, { certificate, key }: KeyPair): void {
    const file = this.path(`${name}.crt`);
    const parsed = parse(certificate, file);
    if (!parsed.ca) throw new Error(`${file} is not a CA certificate`);
    if (parsed.validToDate.getTime() < this.#clock.now())
      throw new Error(`${file} has expired; replace it and ${name}.key, or delete the directory to start anew`);
    if (key !== "" && !matches(parsed, key))
      throw new Error(`${file} and ${name}.key do not belong together; restore both from the same backup`);
  }

  /** The certificate of `FILE.crt` and `FILE.key`, made or renewed when there is need. */
  async certificate(file: string, options: LeafOptions, signer: AuthorityName = "ca"): Promise<KeyPair> {
    const authority = await this.authority(signer);
    const found = this.#read(file);
    const why = found === undefined ? "missing" : this.#flawOf(found, options, authority);
    if (found !== undefined && why === undefined) return found;
    if (authority.key === "") {
      const wanted = this.path(`${signer}.key`);
      throw new Error(`cannot make ${this.path(`${file}.crt`)} (${why}): the CA's key ${wanted} is missing`);
    }
    const { createCertificate } = await import("./create.ts");
    const made = await createCertificate(options, authority, { now: this.#clock.now(), days: leafDays });
    this.#write(file, made);
    if (found !== undefined) this.#logger.info("Renewed a certificate", { file, reason: why });
    return made;
  }

  /** `sa.key` and `sa.pub`, which sign and verify service account tokens. PEM. */
  async serviceAccountKey(): Promise<{ privateKey: string; publicKey: string }> {
    const privateKey = readIfThere(this.path("sa.key"));
    const publicKey = readIfThere(this.path("sa.pub"));
    if (privateKey !== undefined && publicKey !== undefined) return { privateKey, publicKey };
    const { createSigningKey } = await import("./create.ts");
    const made = await createSigningKey();
    writeAtomically(this.path("sa.key"), made.privateKey, 0o600);
    writeAtomically(this.path("sa.pub"), made.publicKey, 0o644);
    return made;
  }

  /** Why a certificate is no longer good enough; undefined when it is. */
  #flawOf({ certificate, key }: KeyPair, options: LeafOptions, authority: KeyPair): string | undefined {
    let parsed: X509Certificate;
    try {
      parsed = new X509Certificate(certificate);
    } catch {
      return "malformed";
    }
    if (!matches(parsed, key)) return "the key does not match";
    const issuer = new X509Certificate(authority.certificate);
    if (!parsed.checkIssued(issuer) || !parsed.verify(issuer.publicKey)) return "signed by another CA";
    if (parsed.validFromDate.getTime() > this.#clock.now()) return "not valid yet";
    // A leaf that ends with its CA would not last longer if it were made anew.
    const endsWithIssuer = parsed.validToDate.getTime() >= issuer.validToDate.getTime();
    const left = parsed.validToDate.getTime() - this.#clock.now();
    if (left < (endsWithIssuer ? 0 : renewBeforeMs)) return "near its end";
    if (!hasSubject(parsed, options)) return "another subject";
    const missing = missingNames(parsed, options);
    return missing.length > 0 ? `names missing: ${missing.join(", ")}` : undefined;
  }

  #read(file: string): KeyPair | undefined {
    const certificate = readIfThere(this.path(`${file}.crt`));
    return certificate === undefined ? undefined : { certificate, key: readIfThere(this.path(`${file}.key`)) ?? "" };
  }

  #write(file: string, { certificate, key }: KeyPair): void {
    // The key first: a certificate without its key would be taken for an external CA's.
    writeAtomically(this.path(`${file}.key`), key, 0o600);
    writeAtomically(this.path(`${file}.crt`), certificate, 0o644);
  }
}

function parse(certificate: string, file: string): X509Certificate {
  try {
    return new X509Certificate(certificate);
  } catch (cause) {
    const message = `${file} is not a certificate; restore it from a backup, or delete the directory to start anew`;
    throw new Error(message, { cause });
  }
}

function matches(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false; // Not a key at all.
  }
}

function hasSubject(certificate: X509Certificate, { commonName, organizations = [] }: LeafOptions): boolean {
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>;
  const names = [subject["CN"] ?? []].flat();
  const groups = new Set([subject["O"] ?? []].flat());
  const hasGroups = groups.size === organizations.length && organizations.every((o) => groups.has(o));
  return names.at(-1) === commonName && hasGroups;
}

function missingNames(certificate: X509Certificate, { dnsNames = [], ipAddresses = [] }: LeafOptions): string[] {
  const listed = new Set(certificate.subjectAltName?.split(", ") ?? []);
  return [
    ...dnsNames.filter((name) => !listed.has(`DNS:${name}`)),
    ...ipAddresses.filter((address) => certificate.checkIP(address) === undefined),
  ];
}
