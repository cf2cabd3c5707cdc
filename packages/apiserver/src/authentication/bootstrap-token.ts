/** Bootstrap tokens, `id.secret`, from secrets in kube-system. Source: kubernetes' authenticator/token/bootstrap. */

import { timingSafeEqual } from "node:crypto";
import { type Secret, secrets } from "@kubets/api";
import { type Clock, parseTime } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import type { TokenAuthenticator } from "./token.ts";

const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
/** Dates in other forms would be read too, and be taken for what was not meant. */
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export function bootstrapTokenAuthenticator(reader: ObjectReader, clock: Clock): TokenAuthenticator {
  return {
    async authenticateToken(token) {
      const [, id, secret] = tokenPattern.exec(token) ?? [];
      if (id === undefined || secret === undefined) return undefined;
      const stored = await reader.get(secrets, "kube-system", `bootstrap-token-${id}`);
      const groups = stored === undefined ? undefined : groupsOf(stored, id, secret, clock.now());
      return groups === undefined ? undefined : { user: { name: `system:bootstrap:${id}`, groups } };
    },
  };
}

/** Undefined when the secret does not vouch for the token. */
function groupsOf(stored: Secret, id: string, secret: string, now: number): string[] | undefined {
  const data = (key: string) => Buffer.from(stored.data?.[key] ?? "", "base64").toString();
  if (stored.metadata?.deletionTimestamp !== undefined) return undefined;
  if (stored.type !== "bootstrap.kubernetes.io/token") return undefined;
  const expected = Buffer.from(data("token-secret"));
  if (expected.length !== secret.length || !timingSafeEqual(expected, Buffer.from(secret))) return undefined;
  if (data("token-id") !== id || data("usage-bootstrap-authentication") !== "true") return undefined;
  const expiration = data("expiration");
  // An expiration that cannot be read has passed, as upstream decides it.
  if (expiration !== "" && !(rfc3339.test(expiration) && parseTime(expiration) > now)) return undefined;
  const extra = data("auth-extra-groups")
    .split(",")
    .filter((group) => group !== "");
  if (!extra.every((group) => groupPattern.test(group))) return undefined;
  return [...new Set(["system:bootstrappers", ...extra])].sort();
}
