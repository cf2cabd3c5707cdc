/** `--tls-sni-cert-key`: `CERT,KEY`, or `CERT,KEY:NAME,NAME`. Source: component-base's cli/flag/namedcertkey_flag.go. */

import { X509Certificate } from "node:crypto";

export interface NamedCertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly names: readonly string[];
}

/** @throws Error in upstream's words */
export function parseNamedCertificate(text: string): NamedCertificateFiles {
  const colon = text.indexOf(":");
  const files = (colon < 0 ? text : text.slice(0, colon)).split(",").map((file) => file.trim());
  const names = colon < 0 ? [] : text.slice(colon + 1).split(",");
  const [certFile, keyFile, ...more] = files;
  if (!certFile || !keyFile || more.length > 0)
    throw new Error("expected comma separated certificate and key file paths");
  return { certFile, keyFile, names: names.map((name) => name.trim()).filter((name) => name !== "") };
}

/** The names a certificate is for: what it lists, or else its common name. */
export function namesOf(pem: string): string[] {
  const certificate = new X509Certificate(pem);
  const listed = [...(certificate.subjectAltName ?? "").matchAll(/(?:^|, )DNS:([^,]+)/g)].map(
    ([, name]) => name as string,
  );
  if (listed.length > 0) return listed;
  const commonName = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  return commonName === undefined ? [] : [commonName];
}
