/** `--tls-sni-cert-key`: `CERT,KEY`, or `CERT,KEY:NAME,NAME`. Source: component-base's cli/flag/namedcertkey_flag.go. */

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
