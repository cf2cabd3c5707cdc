/**
 * Fills Secrets of type kubernetes.io/service-account-token with a token that does not expire, and deletes them with their account.
 * Behaviour of upstream's tokens controller. Pods have projected tokens instead; this serves those who ask for a Secret by hand.
 */

import { type Secret, type ServiceAccount, secrets, serviceAccounts } from "@kubets/api";
import { clone, isNotFound, keyOf } from "@kubets/apimachinery";
import type { Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type Runnable } from "../runtime/controller.ts";

const tokenType = "kubernetes.io/service-account-token";
const nameAnnotation = "kubernetes.io/service-account.name";
const uidAnnotation = "kubernetes.io/service-account.uid";

export interface TokenControllerOptions {
  /** PEM of the CA that signed the API server's certificate. */
  readonly rootCA: string;
  /** Signs a legacy token: issuer `kubernetes/serviceaccount`, no expiry. */
  sign(claims: LegacyTokenClaims): Promise<string>;
}

/** Claims of a token in a Secret, as `kubernetes.io/serviceaccount/*`. */
export interface LegacyTokenClaims {
  readonly namespace: string;
  readonly secretName: string;
  readonly serviceAccountName: string;
  readonly serviceAccountUID: string;
}

class TokenController implements Runnable {
  readonly #context: ControllerContext;
  readonly #options: TokenControllerOptions;
  readonly #secrets: Informer<Secret>;
  readonly #accounts: Informer<ServiceAccount>;
  readonly #controller: Controller;

  constructor(context: ControllerContext, options: TokenControllerOptions) {
    this.#context = context;
    this.#options = options;
    this.#secrets = context.informers.informer(secrets, { fieldSelector: `type=${tokenType}` });
    this.#accounts = context.informers.informer(serviceAccounts);
    this.#controller = new Controller({
      name: "serviceaccount-token-controller",
      queueName: "serviceaccount_tokens_secret",
      reconcile: (key, signal) => this.#reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    const enqueue = (secret: Secret) => this.#controller.enqueue(keyOf(secret));
    this.#secrets.addHandler({ add: enqueue, update: (_, secret) => enqueue(secret) });
    const ofAccount = (account: ServiceAccount) => {
      for (const secret of this.#secrets.lister.list(account.metadata?.namespace ?? "")) {
        if (secret.metadata?.annotations?.[nameAnnotation] === account.metadata?.name) enqueue(secret);
      }
    };
    this.#accounts.addHandler({ add: ofAccount, delete: ofAccount });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<undefined> {
    const secret = this.#secrets.lister.getByKey(key);
    const accountName = secret?.metadata?.annotations?.[nameAnnotation];
    if (secret === undefined || secret.metadata?.deletionTimestamp !== undefined || !accountName) return;
    const { namespace = "", name = "" } = secret.metadata ?? {};
    const account = await this.#account(namespace, accountName, signal);
    const boundTo = secret.metadata?.annotations?.[uidAnnotation];
    if (account === undefined || (boundTo && boundTo !== account.metadata?.uid)) {
      await this.#remove(secret, signal);
      return;
    }
    const uid = account.metadata?.uid ?? "";
    const data = secret.data ?? {};
    const wanted = { "ca.crt": base64(this.#options.rootCA), namespace: base64(namespace) };
    const complete =
      data.token && data["ca.crt"] === wanted["ca.crt"] && data.namespace === wanted.namespace && boundTo === uid;
    if (complete) return;
    const token = data.token ?? base64(await this.#sign(namespace, name, accountName, uid));
    const next = clone(secret);
    next.metadata = { ...next.metadata, annotations: { ...next.metadata?.annotations, [uidAnnotation]: uid } };
    next.data = { ...data, ...wanted, token };
    await this.#context.client.resource(secrets).update(next, { signal });
  }

  #sign(namespace: string, secretName: string, serviceAccountName: string, serviceAccountUID: string): Promise<string> {
    return this.#options.sign({ namespace, secretName, serviceAccountName, serviceAccountUID });
  }

  /** Before anything is deleted for want of an account, the API is asked: the cache may be behind. */
  async #account(namespace: string, name: string, signal: AbortSignal): Promise<ServiceAccount | undefined> {
    const cached = this.#accounts.lister.get(namespace, name);
    if (cached !== undefined) return cached;
    try {
      return await this.#context.client.resource(serviceAccounts).namespace(namespace).get(name, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #remove(secret: Secret, signal: AbortSignal): Promise<void> {
    const { namespace = "", name = "", uid, resourceVersion } = secret.metadata ?? {};
    const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
    try {
      await this.#context.client.resource(secrets).namespace(namespace).delete(name, { preconditions, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** Only for Secrets that ask for it by their type: pods have tokens of their own. */
export function serviceAccountTokenController(options: TokenControllerOptions): ControllerDefinition {
  return {
    name: "serviceaccount-token-controller",
    create: (context) => new TokenController(context, options),
  };
}
