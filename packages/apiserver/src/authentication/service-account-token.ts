/** Service account tokens: signature, claims, and whether what they are bound to still exists. Source: kubernetes' pkg/serviceaccount/jwt.go. */

import { timingSafeEqual } from "node:crypto";
import { nodes, pods, type Secret, type ServiceAccount, secrets, serviceAccounts } from "@kubets/api";
import { type Clock, type KubeObject, parseTime } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import type { UserInfo } from "./authenticator.ts";
import type { LegacyTokenTracking } from "./legacy-token-tracking.ts";
import {
  audiencesOf,
  type KubernetesClaim,
  legacyIssuer,
  type ObjectClaim,
  type TokenClaims,
  unverifiedClaims,
} from "./service-account-claims.ts";
import type { VerificationKey } from "./service-account-keys.ts";
import type { TokenAnswer, TokenAuthenticator } from "./token.ts";
import { rejected } from "./union.ts";
import {
  credentialIdKey,
  nodeNameKey,
  nodeUidKey,
  podNameKey,
  podUidKey,
  serviceAccountGroups,
  serviceAccountUsername,
} from "./users.ts";

export interface ServiceAccountTokenOptions {
  /** The first is the one that new tokens name. */
  readonly issuers: readonly string[];
  readonly keys: readonly VerificationKey[];
  /** What a token without audiences is taken to be for: `--api-audiences`. */
  readonly audiences: readonly string[];
  readonly reader: ObjectReader;
  readonly clock: Clock;
  /**
   * `--service-account-lookup`: whether a token that is in a secret counts only as long as the secret and its account are there. Default true. Others
   * are always held against what they are bound to.
   */
  readonly lookup?: boolean;
  /** Notes the use of tokens that are in secrets. */
  readonly tracking?: LegacyTokenTracking;
}

/** go-jose's default: clocks may differ by this much, and something deleted this long ago still counts as there. */
const leewayMs = 60_000;

export class ServiceAccountTokenAuthenticator implements TokenAuthenticator {
  readonly #options: ServiceAccountTokenOptions;

  constructor(options: ServiceAccountTokenOptions) {
    this.#options = options;
  }

  async authenticateToken(token: string, audiences: readonly string[]): Promise<TokenAnswer | undefined> {
    const issuer = unverifiedClaims(token)?.iss;
    const isLegacy = issuer === legacyIssuer;
    if (issuer === undefined || !(isLegacy || this.#options.issuers.includes(issuer))) return undefined;
    const claims = await this.#verify(token);
    const own = audiencesOf(claims);
    const tokenAudiences = own.length === 0 && isLegacy ? this.#options.audiences : own;
    const common = audiences.length === 0 ? tokenAudiences : tokenAudiences.filter((a) => audiences.includes(a));
    if (common.length === 0 && audiences.length > 0)
      throw rejected(`token audiences ${list(tokenAudiences)} is invalid for the target audiences ${list(audiences)}`);
    if (isLegacy) return { ...(await this.#legacyAnswer(claims, token)), audiences: common };
    return { user: await this.#boundUser(claims), audiences: common, ...this.#staleness(claims) };
  }

  /** A token that only lives on because its lifetime was extended: its holder does not read it anew. */
  #staleness(claims: TokenClaims): Pick<TokenAnswer, "annotations"> {
    const after = claims["kubernetes.io"]?.warnafter;
    const now = this.#options.clock.now() / 1000;
    if (after === undefined || after === 0 || now <= after) return {};
    const seconds = Math.round(now - after);
    const text = `subject: ${claims.sub ?? ""}, seconds after warning threshold: ${seconds}`;
    return { annotations: { "authentication.k8s.io/stale-token": text } };
  }

  /** @throws StatusError 401 when no key made the signature */
  async #verify(token: string): Promise<TokenClaims> {
    const { compactVerify, decodeProtectedHeader } = await import("jose");
    let kid: string | undefined;
    try {
      kid = decodeProtectedHeader(token).kid;
    } catch (cause) {
      throw rejected("service account token has a malformed header", cause);
    }
    const named = this.#options.keys.filter(({ id }) => id === kid);
    let failure: unknown;
    for (const { publicKey, algorithm } of named.length > 0 ? named : this.#options.keys) {
      try {
        const { payload } = await compactVerify(token, publicKey, { algorithms: [algorithm] });
        return JSON.parse(Buffer.from(payload).toString()) as TokenClaims;
      } catch (error) {
        failure = error;
      }
    }
    throw rejected("service account token has an invalid signature", failure);
  }

  async #boundUser(claims: TokenClaims): Promise<UserInfo> {
    const now = this.#options.clock.now();
    if (claims.exp === undefined || claims.exp * 1000 < now - leewayMs)
      throw rejected("service account token has expired");
    if (claims.nbf !== undefined && claims.nbf * 1000 > now + leewayMs)
      throw rejected("service account token is not valid yet");
    if (claims.iat !== undefined && claims.iat * 1000 > now + leewayMs)
      throw rejected("service account token is issued in the future");
    const claim = claims["kubernetes.io"];
    if (claim?.namespace === undefined || claim.serviceaccount === undefined)
      throw rejected("service account token claims could not be validated due to unexpected private claim");
    await this.#checkReferences(claim.namespace, claim.serviceaccount, claim);
    return {
      name: serviceAccountUsername(claim.namespace, claim.serviceaccount.name),
      ...uidOf(claim.serviceaccount),
      groups: serviceAccountGroups(claim.namespace),
      ...extraOf(claims, claim),
    };
  }

  async #checkReferences(namespace: string, account: ObjectClaim, claim: KubernetesClaim): Promise<void> {
    const { reader } = this.#options;
    const name = account.name;
    this.#checkThere(await reader.get(serviceAccounts, namespace, name), account, {
      missing: `serviceaccounts "${name}" not found`,
      deleted: `service account ${namespace}/${name} has been deleted`,
      other: (uid) => `service account UID (${uid}) does not match claim (${account.uid})`,
    });
    const invalidated = "service account token has been invalidated";
    const texts = (kind: string, ref: ObjectClaim) => ({
      missing: invalidated,
      deleted: invalidated,
      other: (uid: string) => `${kind} UID (${uid}) does not match service account ${kind} ref claim (${ref.uid})`,
    });
    const { secret, pod, node } = claim;
    if (secret) this.#checkThere(await reader.get(secrets, namespace, secret.name), secret, texts("secret", secret));
    if (pod) this.#checkThere(await reader.get(pods, namespace, pod.name), pod, texts("pod", pod));
    // A pod's token also names its node, for information; only a token bound to the node dies with it.
    if (node && !pod) this.#checkThere(await reader.get(nodes, "", node.name), node, texts("node", node));
  }

  #checkThere(
    object: KubeObject | undefined,
    claim: ObjectClaim,
    texts: { missing: string; deleted: string; other: (uid: string) => string },
  ): void {
    if (object === undefined) throw rejected(texts.missing);
    const { deletionTimestamp, uid = "" } = object.metadata ?? {};
    if (deletionTimestamp !== undefined && parseTime(deletionTimestamp) < this.#options.clock.now() - leewayMs)
      throw rejected(texts.deleted);
    if (uid !== claim.uid) throw rejected(texts.other(uid));
  }

  async #legacyAnswer(claims: TokenClaims, token: string): Promise<TokenAnswer> {
    const namespace = claims["kubernetes.io/serviceaccount/namespace"];
    const name = claims["kubernetes.io/serviceaccount/service-account.name"];
    const uid = claims["kubernetes.io/serviceaccount/service-account.uid"];
    const secretName = claims["kubernetes.io/serviceaccount/secret.name"];
    if (!claims.sub) throw rejected("sub claim is missing");
    if (!namespace) throw rejected("namespace claim is missing");
    if (!secretName) throw rejected("secretName claim is missing");
    if (!name) throw rejected("serviceAccountName claim is missing");
    if (!uid) throw rejected("serviceAccountUID claim is missing");
    if (claims.sub !== serviceAccountUsername(namespace, name)) throw rejected("sub claim is invalid");
    const user = { name: serviceAccountUsername(namespace, name), uid, groups: serviceAccountGroups(namespace) };
    if (this.#options.lookup === false) return { user };
    const { reader } = this.#options;
    const secret = await reader.get(secrets, namespace, secretName);
    if (secret === undefined || secret.metadata?.deletionTimestamp !== undefined)
      throw rejected("Token has been invalidated");
    if (!sameText(tokenIn(secret), token)) throw rejected("Token does not match server's copy");
    const account = await reader.get(serviceAccounts, namespace, name);
    if (account === undefined) throw rejected(`serviceaccounts "${name}" not found`);
    if (account.metadata?.deletionTimestamp !== undefined)
      throw rejected(`ServiceAccount ${namespace}/${name} has been deleted`);
    if (account.metadata?.uid !== uid)
      throw rejected(`ServiceAccount UID (${account.metadata?.uid}) does not match claim (${uid})`);
    if (secret.metadata?.labels?.[invalidSinceLabel])
      throw rejected(
        `the token in secret ${namespace}/${secretName} for service account ${namespace}/${name} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${invalidSinceLabel}' label from the secret to temporarily allow use of this token`,
      );
    this.#options.tracking?.used(secret);
    return { user, ...autogenerated(account, secretName) };
  }
}

const invalidSinceLabel = "kubernetes.io/legacy-token-invalid-since";
const autogeneratedWarning =
  "Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.";

/** Of a secret that was made for the account, as clusters before v1.24 made them. */
function autogenerated({ secrets: own }: ServiceAccount, secretName: string): Partial<TokenAnswer> {
  if (!own?.some(({ name }) => name === secretName)) return {};
  const key = "authentication.k8s.io/legacy-token-autogenerated-secret";
  return { warnings: [autogeneratedWarning], annotations: { [key]: secretName } };
}

/** In a time that does not tell where they differ. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function tokenIn(secret: Secret): string {
  return Buffer.from(secret.data?.["token"] ?? "", "base64").toString();
}

function list(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(" ")}]`;
}

function uidOf({ uid }: ObjectClaim): { uid?: string } {
  return uid === undefined ? {} : { uid };
}

function extraOf({ jti }: TokenClaims, { pod, node }: KubernetesClaim): Pick<UserInfo, "extra"> {
  const extra: Record<string, readonly string[]> = {};
  if (jti) extra[credentialIdKey] = [`JTI=${jti}`];
  if (pod?.uid) {
    extra[podNameKey] = [pod.name];
    extra[podUidKey] = [pod.uid];
  }
  if (node) {
    extra[nodeNameKey] = [node.name];
    if (node.uid) extra[nodeUidKey] = [node.uid];
  }
  return Object.keys(extra).length === 0 ? {} : { extra };
}
