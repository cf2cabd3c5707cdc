/** Makes service account tokens. Source: kubernetes' pkg/serviceaccount and registry/core/serviceaccount/storage/token.go. */

import {
  nodes,
  type Pod,
  pods,
  type Secret,
  type ServiceAccount,
  secrets,
  serviceAccounts,
  type TokenRequest,
} from "@kubets/api";
import {
  badRequest,
  type Clock,
  conflict,
  type FieldError,
  formatTime,
  invalid,
  invalidValue,
  type KubeObject,
  notFound,
  path,
  type Random,
} from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { type KubernetesClaim, legacyIssuer, type ObjectClaim, type TokenClaims } from "./service-account-claims.ts";
import type { SigningKey } from "./service-account-keys.ts";
import { serviceAccountUsername } from "./users.ts";

export interface ServiceAccountIssuerOptions {
  /** `--service-account-issuer`: the `iss` of new tokens. */
  readonly issuer: string;
  readonly key: SigningKey;
  /** What a token is for when the request does not say: `--api-audiences`. */
  readonly audiences: readonly string[];
  readonly reader: ObjectReader;
  readonly clock: Clock;
  readonly random: Random;
  /** `--service-account-max-token-expiration`; no limit when undefined. */
  readonly maxExpirationSeconds?: number;
  /** `--service-account-extend-token-expiration`. Default true. */
  readonly extendExpiration?: boolean;
}

const minExpirationSeconds = 10 * 60;
const defaultExpirationSeconds = 60 * 60;
/** The odd lifetime that projected volumes ask for by default, by which they are known. */
const warnOnlyExpirationSeconds = 60 * 60 + 7;
const extendedExpirationSeconds = 24 * 365 * 60 * 60;

type Spec = NonNullable<TokenRequest["spec"]>;

/** Signs with one key, in the name of one issuer. Tokens are bound to what the request names, and end with it. */
export class ServiceAccountIssuer {
  readonly #options: ServiceAccountIssuerOptions;

  constructor(options: ServiceAccountIssuerOptions) {
    this.#options = options;
  }

  /**
   * `POST .../serviceaccounts/NAME/token`.
   * @param warn adds a Warning header
   * @param annotate adds an annotation to the audit event: which credential was issued
   * @returns the request with its defaults and status
   * @throws StatusError 404, 409, 422
   */
  async createToken(
    namespace: string,
    name: string,
    request: TokenRequest,
    warn: (text: string) => void = () => {},
    annotate: (key: string, value: string) => void = () => {},
  ): Promise<TokenRequest> {
    const { reader, clock, audiences } = this.#options;
    const account = await reader.get(serviceAccounts, namespace, name);
    if (account === undefined) throw notFound({ group: "", resource: "serviceaccounts" }, name);
    checkMetadata(request, namespace, name);
    const asked = (request.metadata as { uid?: string } | undefined)?.uid ?? "";
    const { uid = "" } = account.metadata ?? {};
    if (asked !== "" && asked !== uid) {
      const why = `the UID in the token request (${asked}) does not match the UID of the service account (${uid})`;
      throw conflict({ group: "authentication.k8s.io", resource: "TokenRequest" }, name, why);
    }
    const given = (request.spec ?? {}) as Partial<Spec>;
    const spec = {
      ...given,
      audiences: given.audiences?.length ? given.audiences : [...audiences],
      expirationSeconds: this.#lifetime(given.expirationSeconds, name, warn),
    };
    const bound = await this.#bind(namespace, name, given.boundObjectRef);
    const now = clock.now();
    const claims = this.#claims(account, spec, bound, now);
    annotate("authentication.kubernetes.io/issued-credential-id", `JTI=${claims.jti}`);
    const token = await this.#sign(claims);
    return {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { ...request.metadata, name, namespace, creationTimestamp: formatTime(now) },
      spec,
      status: { token, expirationTimestamp: formatTime(now + spec.expirationSeconds * 1000) },
    };
  }

  /** The token of a `kubernetes.io/service-account-token` secret. It does not expire. */
  legacyToken(account: ServiceAccount, secretName: string): Promise<string> {
    const { namespace = "", name = "", uid = "" } = account.metadata ?? {};
    return this.#sign({
      iss: legacyIssuer,
      "kubernetes.io/serviceaccount/namespace": namespace,
      "kubernetes.io/serviceaccount/secret.name": secretName,
      "kubernetes.io/serviceaccount/service-account.name": name,
      "kubernetes.io/serviceaccount/service-account.uid": uid,
      sub: serviceAccountUsername(namespace, name),
    });
  }

  #lifetime(asked: number | undefined, name: string, warn: (text: string) => void): number {
    const seconds = asked ?? defaultExpirationSeconds;
    const at = path("spec.expirationSeconds");
    const errors: FieldError[] = [];
    if (seconds < minExpirationSeconds)
      errors.push(invalidValue(at, seconds, "may not specify a duration less than 10 minutes"));
    if (seconds > 2 ** 32)
      errors.push(invalidValue(at, seconds, "may not specify a duration larger than 2^32 seconds"));
    if (errors.length > 0) throw invalid("authentication.k8s.io", "TokenRequest", name, errors);
    const max = this.#options.maxExpirationSeconds ?? Number.POSITIVE_INFINITY;
    if (seconds > max) warn(`requested expiration of ${seconds} seconds shortened to ${max} seconds`);
    return Math.min(seconds, max);
  }

  async #bind(namespace: string, account: string, ref: Spec["boundObjectRef"]): Promise<KubernetesClaim> {
    if (ref === undefined || ref === null) return {};
    const { reader } = this.#options;
    const name = ref.name ?? "";
    const isCore = ref.apiVersion === undefined || ref.apiVersion === "" || ref.apiVersion === "v1";
    switch (isCore ? ref.kind : "") {
      case "Pod": {
        const pod = found<Pod>(await reader.get(pods, namespace, name), ref, "pods");
        const runsAs = pod.spec?.serviceAccountName ?? "";
        if (runsAs !== account) {
          const [wanted, actual] = [JSON.stringify(account), JSON.stringify(runsAs)];
          throw badRequest(
            `cannot bind token for serviceaccount ${wanted} to pod running with different serviceaccount name ${actual}.`,
          );
        }
        return { ...(await this.#nodeOf(pod)), pod: claimOf(pod) };
      }
      case "Secret":
        return { secret: claimOf(found<Secret>(await reader.get(secrets, namespace, name), ref, "secrets")) };
      case "Node":
        return { node: claimOf(found(await reader.get(nodes, "", name), ref, "nodes")) };
      default:
        throw badRequest(`cannot bind token to object of type ${ref.apiVersion ?? ""}, Kind=${ref.kind ?? ""}`);
    }
  }

  async #nodeOf(pod: Pod): Promise<KubernetesClaim> {
    const name = pod.spec?.nodeName;
    if (!name) return {};
    const node = await this.#options.reader.get(nodes, "", name);
    return { node: node === undefined ? { name } : claimOf(node) };
  }

  #claims(
    account: ServiceAccount,
    spec: { audiences: string[]; expirationSeconds: number },
    bound: KubernetesClaim,
    nowMs: number,
  ): TokenClaims {
    const { namespace = "", name = "" } = account.metadata ?? {};
    const { issuer, random, audiences, extendExpiration = true } = this.#options;
    const now = Math.floor(nowMs / 1000);
    const isForApiServer = spec.audiences.every((audience) => audiences.includes(audience));
    const extends_ =
      extendExpiration &&
      bound.pod !== undefined &&
      spec.expirationSeconds === warnOnlyExpirationSeconds &&
      isForApiServer;
    return {
      aud: spec.audiences,
      exp: now + (extends_ ? extendedExpirationSeconds : spec.expirationSeconds),
      iat: now,
      iss: issuer,
      jti: random.uuid(),
      "kubernetes.io": {
        namespace,
        ...bound,
        serviceaccount: claimOf(account),
        ...(extends_ ? { warnafter: now + spec.expirationSeconds } : {}),
      },
      nbf: now,
      sub: serviceAccountUsername(namespace, name),
    };
  }

  async #sign(claims: TokenClaims): Promise<string> {
    const { CompactSign } = await import("jose");
    const { algorithm, id, privateKey } = this.#options.key;
    return new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: algorithm, kid: id })
      .sign(privateKey);
  }
}

function claimOf({ metadata }: KubeObject): ObjectClaim {
  return { name: metadata?.name ?? "", uid: metadata?.uid ?? "" };
}

function found<T extends KubeObject>(
  object: T | undefined,
  ref: NonNullable<Spec["boundObjectRef"]>,
  plural: string,
): T {
  if (object === undefined) throw notFound({ group: "", resource: plural }, ref.name ?? "");
  const { uid } = object.metadata ?? {};
  if (ref.uid !== undefined && ref.uid !== "" && ref.uid !== uid) {
    const why =
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. ` +
      "The object might have been deleted and then recreated";
    throw conflict({ group: "", resource: ref.kind ?? "" }, ref.name ?? "", why);
  }
  return object;
}

function checkMetadata({ metadata }: TokenRequest, namespace: string, name: string): void {
  const given = metadata as { name?: string; namespace?: string } | undefined;
  if (given?.name && given.name !== name)
    throw badRequest(
      `metadata.name: Invalid value: ${JSON.stringify(given.name)}: must match the service account name if specified`,
    );
  if (given?.namespace && given.namespace !== namespace) {
    const value = JSON.stringify(given.namespace);
    throw badRequest(
      `metadata.namespace: Invalid value: ${value}: must match the service account namespace if specified`,
    );
  }
}
