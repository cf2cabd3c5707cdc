/** Whom a server's certificate is for, as Go decides it. */

import { checkServerIdentity, type PeerCertificate } from "node:tls";

/** Unlike Node, Go takes no common name for a server's name. */
export function checkIdentity(host: string, certificate: PeerCertificate): Error | undefined {
  if (certificate.subjectaltname) return checkServerIdentity(host, certificate);
  const { CN } = certificate.subject ?? {};
  const named = CN === host;
  const why = named
    ? "certificate relies on legacy Common Name field, use SANs instead"
    : `certificate is not valid for any names, but wanted to match ${host}`;
  return new Error(`tls: failed to verify certificate: x509: ${why}`);
}
