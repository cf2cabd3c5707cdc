/** Client certificates as users: CN is the name, O the groups. Source: apiserver's authentication/request/x509. */

import type { Clock } from "@kubets/apimachinery";
import type { Histogram, MetricsRegistry } from "../metrics/families.ts";
import type { Authenticator, Credentials, UserInfo } from "./authenticator.ts";
import type { ClientCertificates, VerifiedCertificate } from "./client-certificates.ts";
import { rejected } from "./union.ts";
import { credentialIdKey } from "./users.ts";

export class X509Authenticator implements Authenticator {
  readonly #certificates: ClientCertificates;
  readonly #left: { readonly clock: Clock; readonly seconds: Histogram };
  readonly #users = new WeakMap<VerifiedCertificate, UserInfo>();

  /** @param left told, for each request, of the seconds until its certificate ends by itself */
  constructor(certificates: ClientCertificates, left: { readonly clock: Clock; readonly seconds: Histogram }) {
    this.#certificates = certificates;
    this.#left = left;
  }

  authenticate(credentials: Credentials): UserInfo | undefined | Promise<UserInfo | undefined> {
    const verified = this.#certificates.verify(credentials);
    if (verified === undefined) return undefined;
    return verified instanceof Promise ? verified.then((each) => this.#userOf(each)) : this.#userOf(verified);
  }

  #userOf(certificate: VerifiedCertificate): UserInfo | undefined {
    const { clock, seconds } = this.#left;
    seconds.observe((certificate.notAfter - clock.now()) / 1000);
    let user = this.#users.get(certificate);
    if (user === undefined) {
      user = userOf(certificate);
      if (user !== undefined) this.#users.set(certificate, user);
    }
    return user;
  }
}

const days = 24 * 3600;

/** Upstream's. */
export function certificateExpirations(meters: MetricsRegistry): Histogram {
  return meters
    .histogram(
      "apiserver_client_certificate_expiration_seconds",
      "ALPHA",
      "How long the certificates that requests came with are good for yet.",
      [],
      [0, ...[1800, 3600, 7200, 21_600, 43_200], ...[1, 2, 4, 7, 30, 90, 180, 360].map((each) => each * days)],
    )
    .with();
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
