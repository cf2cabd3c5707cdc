/** A front proxy that has authenticated the user says who it is, in headers; its client certificate vouches. Source: apiserver's request/headerrequest. */

import type { Authenticator, Credentials, UserInfo } from "./authenticator.ts";
import type { ClientCertificates, VerifiedCertificate } from "./client-certificates.ts";
import { extraHeaders, firstHeader, headerValues } from "./header-values.ts";
import { rejected } from "./union.ts";

/** Header names are in any case. */
export interface RequestHeaderNames {
  /** `--requestheader-allowed-names`: common names of certificates. Any that the CA signed when empty. */
  readonly allowedNames?: readonly string[];
  /** `--requestheader-username-headers`: the first that is not empty counts. */
  readonly usernameHeaders: readonly string[];
  /** `--requestheader-uid-headers` */
  readonly uidHeaders?: readonly string[];
  /** `--requestheader-group-headers` */
  readonly groupHeaders?: readonly string[];
  /** `--requestheader-extra-headers-prefix` */
  readonly extraHeaderPrefixes?: readonly string[];
}

/** @param certificates of `--requestheader-client-ca-file` */
export function requestHeaderAuthenticator(certificates: ClientCertificates, names: RequestHeaderNames): Authenticator {
  const allowed = new Set(names.allowedNames ?? []);
  const usernames = lowered(names.usernameHeaders);
  const uids = lowered(names.uidHeaders);
  const groups = lowered(names.groupHeaders);
  const prefixes = lowered(names.extraHeaderPrefixes);
  const claimed = (credentials: Credentials, name: string, proxy: VerifiedCertificate): UserInfo => {
    if (allowed.size > 0 && !allowed.has(proxy.commonName))
      throw rejected(`x509: subject with cn=${proxy.commonName} is not in the allowed list`);
    const uid = firstOf(uids.map((header) => firstHeader(credentials, header)));
    const extra = new Map<string, string[]>();
    for (const prefix of prefixes)
      for (const [key, values] of extraHeaders(credentials, prefix))
        extra.set(key, [...(extra.get(key) ?? []), ...values]);
    return {
      name,
      ...(uid === "" ? {} : { uid }),
      groups: groups.flatMap((header) => headerValues(credentials, header)).filter((group) => group !== ""),
      ...(extra.size === 0 ? {} : { extra: Object.fromEntries(extra) }),
    };
  };
  return {
    authenticate(credentials) {
      // Without a name nothing is claimed, and the certificate is for the next authenticator to judge.
      if (!usernames.some((header) => credentials.headers[header])) return undefined;
      const name = firstOf(usernames.map((header) => firstHeader(credentials, header)));
      const proxy = name === "" ? undefined : certificates.verify(credentials);
      if (proxy === undefined) return undefined;
      return proxy instanceof Promise
        ? proxy.then((each) => claimed(credentials, name, each))
        : claimed(credentials, name, proxy);
    },
  };
}

/** @throws Error for an empty name */
function lowered(names: readonly string[] = []): string[] {
  return names.map((name) => {
    const trimmed = name.trim();
    if (trimmed === "") throw new Error(`empty header ${JSON.stringify(name)}`);
    return trimmed.toLowerCase();
  });
}

function firstOf(values: readonly string[]): string {
  return values.find((value) => value !== "") ?? "";
}
