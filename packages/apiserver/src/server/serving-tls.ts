/** What clients are shown, and how it changes while the server runs. Source: apiserver's pkg/server/dynamiccertificates. */

import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureVersion } from "node:tls";
import type { Clock, Logger } from "@kubets/apimachinery";
import { followFile, followFiles } from "../configuration/watched-file.ts";

/** PEM: a key, and its certificate with any intermediates. */
export interface ServingPair {
  readonly key: string;
  readonly cert: string;
  /** Where the two were read from: looked at again while the server runs. */
  readonly files?: { readonly key: string; readonly cert: string } | undefined;
}

/** `--tls-sni-cert-key` */
export interface NamedCertificate extends ServingPair {
  /** `*.` stands for one label. Those in the certificate when there are none. */
  readonly names: readonly string[];
}

/** PEM of one or more authorities. */
export interface TrustedAuthorities {
  readonly pem: string;
  /** Where they were read from: looked at again while the server runs. */
  readonly file?: string | undefined;
}

/** What a server shows its clients, and how it speaks TLS with them. */
export interface TlsFiles extends ServingPair {
  /** Names of these authorities are sent to clients as a hint which certificate to present. Verification is the authenticator's. */
  readonly clientCAs?: readonly TrustedAuthorities[];
  /** Default TLSv1.2. */
  readonly minVersion?: SecureVersion;
  /** OpenSSL's names, joined by colons. Default Node's. */
  readonly ciphers?: string;
  /** OpenSSL's names of groups, joined by colons, best first. Default Node's. */
  readonly curves?: string;
  /** Certificates for clients that ask for these names. */
  readonly named?: readonly NamedCertificate[];
}

/** What a TLS server takes for this key and certificate. */
export function contextOptions(
  { clientCAs = [], minVersion = "TLSv1.2", ciphers, curves }: TlsFiles,
  pair: ServingPair,
) {
  const { key, cert } = pair;
  const ca = clientCAs.map(({ pem }) => pem).join("\n");
  return {
    key,
    cert,
    minVersion,
    ...(ca === "" ? {} : { ca }),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(curves === undefined ? {} : { ecdhCurve: curves }),
  };
}

/** Which certificate is for which name. The first that has a name counts, and names that were said before those that are in certificates. */
export class NamedContexts {
  readonly #byName = new Map<string, SecureContext>();

  /** @throws Error for a certificate or key that is none, or two that do not belong together */
  constructor(tls: TlsFiles) {
    const contexts = (tls.named ?? []).map((named) => ({
      names: named.names,
      cert: named.cert,
      context: createSecureContext(contextOptions(tls, named)),
    }));
    const add = (names: readonly string[], context: SecureContext) => {
      for (const name of names.map((each) => each.toLowerCase()))
        if (!this.#byName.has(name)) this.#byName.set(name, context);
    };
    for (const { names, context } of contexts) add(names, context);
    for (const { names, cert, context } of contexts) if (names.length === 0) add(namesOf(cert), context);
  }

  /** Undefined for a name that has none of its own. */
  get(serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase();
    return this.#byName.get(name) ?? this.#byName.get(name.replace(/^[^.]*/, "*"));
  }
}

const domain = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const ipv4 = /^\d+(\.\d+){3}$/;

/** The names a certificate is for: its common name where that is one, and those it lists. Addresses cannot be asked for. */
function namesOf(pem: string): string[] {
  const certificate = new X509Certificate(pem);
  const listed = [...(certificate.subjectAltName ?? "").matchAll(/(?:^|, )DNS:([^,]+)/g)].map(([, name]) => name ?? "");
  const commonName = /^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? "";
  return (domain.test(commonName) && !ipv4.test(commonName)) || commonName === "*" ? [commonName, ...listed] : listed;
}

/**
 * Follows the files of what is shown until `signal` aborts.
 * @param use takes all that is to be shown from now on; when it throws, what was shown before still is
 */
export function followTls(
  tls: TlsFiles,
  use: (tls: TlsFiles) => void,
  means: { readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal,
): void {
  let current = tls;
  const change = (changed: TlsFiles) => {
    use(changed);
    current = changed;
  };
  // All of them end with the signal, and tell their failures themselves.
  followPair(tls, (pair) => change({ ...current, ...pair }), means, signal);
  for (const [at, named] of (tls.named ?? []).entries())
    followPair(named, (pair) => change({ ...current, named: replaced(current.named, at, pair) }), means, signal);
  for (const [at, { pem: content, file: path }] of (tls.clientCAs ?? []).entries()) {
    const apply = (pem: string) => change({ ...current, clientCAs: replaced(current.clientCAs, at, { pem }) });
    if (path !== undefined) void followFile({ path, content, apply, ...means }, signal);
  }
}

export function followPair(
  { key, cert, files }: ServingPair,
  use: (pair: { readonly key: string; readonly cert: string }) => void,
  means: { readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal,
): void {
  if (files === undefined) return;
  const apply = ([changedCert = "", changedKey = ""]: readonly string[]) => {
    const pair = { key: changedKey, cert: changedCert };
    // Throws for two that do not belong together: one of them is yet to come.
    createSecureContext(pair);
    use(pair);
  };
  void followFiles({ paths: [files.cert, files.key], contents: [cert, key], apply, ...means }, signal);
}

function replaced<T>(list: readonly T[] = [], at: number, changed: Partial<T>): readonly T[] {
  return list.map((each, index) => (index === at ? { ...each, ...changed } : each));
}
