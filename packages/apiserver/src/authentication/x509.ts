/** Client certificates as users: CN is the name, O the groups. Source: apiserver's authentication/request/x509. */

import type { Authenticator, Credentials, UserInfo } from "./authenticator.ts";
import type { ClientCertificates, VerifiedCertificate } from "./client-certificates.ts";
import { rejected } from "./union.ts";
import { credentialIdKey } from "./users.ts";

export class X509Authenticator implements Authenticator {
  readonly #certificates: ClientCertificates;
  readonly #users = new WeakMap<VerifiedCertificate, UserInfo>();

  constructor(certificates: ClientCertificates) {
    this.#certificates = certificates;
  }

  authenticate(credentials: Credentials): UserInfo | undefined | Promise<UserInfo | undefined> {
    const verified = this.#certificates.verify(credentials);
    if (verified === undefined) return undefined;
    return verified instanceof Promise ? verified.then((each) => this.#userOf(each)) : this.#userOf(verified);
  }

  #userOf(certificate: VerifiedCertificate): UserInfo | undefined {
    let user = this.#users.get(certificate);
    if (user === undefined) {
      user = userOf(certificate);
      if (user !== undefined) this.#users.set(certificate, user);
    }
    return user;
  }
}

/** Undefined for a certificate that names nobody. @throws StatusError 401 */
function userOf({ commonName, organizations, uids, fingerprint }: VerifiedCertificate): UserInfo | undefined {
  if (commonName === "") return undefined;
  if (uids.length > 1) throw rejected(`expected 1 UID, but found multiple: [${uids.join(" ")}]`);
  const [uid] = uids;
  if (uid === "") throw rejected("UID cannot be an empty string");
  return {
    name: commonName,
    ...(uid === undefined ? {} : { uid }),
    groups: organizations,
    extra: { [credentialIdKey]: [`X509SHA256=${fingerprint}`] },
  };
}
