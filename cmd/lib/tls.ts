/** What Go's programs call TLS versions, cipher suites and groups, and what OpenSSL does. */

import type { SecureVersion } from "node:tls";

const versions: Readonly<Record<string, SecureVersion>> = {
  VersionTLS10: "TLSv1",
  VersionTLS11: "TLSv1.1",
  VersionTLS12: "TLSv1.2",
  VersionTLS13: "TLSv1.3",
};

export const tlsVersionNames: readonly string[] = Object.keys(versions);

/** Go lets nobody choose among those of TLS 1.3: all of them are on. */
const tls13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

const suites: Readonly<Record<string, string>> = {
  ...Object.fromEntries(tls13.map((name) => [name, name])),
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: "ECDHE-ECDSA-AES128-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: "ECDHE-ECDSA-AES128-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: "ECDHE-ECDSA-AES256-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: "ECDHE-ECDSA-CHACHA20-POLY1305",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: "ECDHE-RSA-AES128-SHA",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: "ECDHE-RSA-AES128-SHA256",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: "ECDHE-RSA-AES256-SHA",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: "ECDHE-RSA-CHACHA20-POLY1305",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
  TLS_RSA_WITH_AES_128_CBC_SHA: "AES128-SHA",
  TLS_RSA_WITH_AES_128_CBC_SHA256: "AES128-SHA256",
  TLS_RSA_WITH_AES_128_GCM_SHA256: "AES128-GCM-SHA256",
  TLS_RSA_WITH_AES_256_CBC_SHA: "AES256-SHA",
  TLS_RSA_WITH_AES_256_GCM_SHA384: "AES256-GCM-SHA384",
};

export const cipherSuiteNames: readonly string[] = Object.keys(suites);

const groups: Readonly<Record<string, string>> = {
  23: "P-256",
  24: "P-384",
  25: "P-521",
  29: "X25519",
  4588: "X25519MLKEM768",
};

/** `--tls-min-version`. @throws Error in upstream's words */
export function tlsVersion(name: string): SecureVersion {
  const version = Object.hasOwn(versions, name) ? versions[name] : undefined;
  if (version === undefined) throw new Error(`unknown tls version ${JSON.stringify(name)}`);
  return version;
}

/** `--tls-cipher-suites`, as OpenSSL takes them. @throws Error in upstream's words */
export function cipherSuites(names: readonly string[]): string {
  const chosen = names.map((name) => {
    const suite = Object.hasOwn(suites, name) ? suites[name] : undefined;
    if (suite === undefined) throw new Error(`Cipher suite ${name} not supported or doesn't exist`);
    return suite;
  });
  return [...new Set([...tls13, ...chosen])].join(":");
}

/** `--tls-curve-preferences`, as OpenSSL takes them. @throws Error naming what is not known */
export function curvePreferences(numbers: readonly string[]): string {
  return numbers
    .map((number) => {
      const group = Object.hasOwn(groups, number) ? groups[number] : undefined;
      if (group === undefined)
        throw new Error(`TLS curve ${number} is not supported; those that are: ${Object.keys(groups).join(", ")}`);
      return group;
    })
    .join(":");
}
