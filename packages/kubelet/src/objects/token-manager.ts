/** Service account tokens bound to pods, renewed before they end. Source of the times: pkg/kubelet/token/token_manager.go. */

import type { ServiceAccount, TokenRequest } from "@kubets/api";
import { serviceAccounts } from "@kubets/api";
import type { Clock } from "@kubets/apimachinery";
import { parseTime } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";

const maxTtlMs = 24 * 3600 * 1000;
const maxJitterMs = 10_000;

export interface TokenSpec {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audience: string;
  readonly expirationSeconds: number;
  readonly pod: { readonly name: string; readonly uid: string };
}

export interface ServiceAccountToken {
  readonly token: string;
  /** Epoch milliseconds after which it should be asked for again. */
  readonly refreshAt: number;
  readonly expiresAt: number;
}

export class TokenManager {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #cache = new Map<string, ServiceAccountToken>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** @throws what the API answered, when there is no token that still holds. */
  async get(spec: TokenSpec, signal?: AbortSignal): Promise<ServiceAccountToken> {
    const key = JSON.stringify(spec);
    const cached = this.#cache.get(key);
    const now = this.#clock.now();
    if (cached !== undefined && now < cached.refreshAt) return cached;
    try {
      const token = await this.#request(spec, signal);
      this.#cache.set(key, token);
      return token;
    } catch (error) {
      if (cached !== undefined && now < cached.expiresAt) return { ...cached, refreshAt: now + maxJitterMs };
      throw error;
    }
  }

  forgetPod(uid: string): void {
    for (const key of this.#cache.keys()) {
      if ((JSON.parse(key) as TokenSpec).pod.uid === uid) this.#cache.delete(key);
    }
  }

  async #request(spec: TokenSpec, signal: AbortSignal | undefined): Promise<ServiceAccountToken> {
    const body: TokenRequest = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {
        audiences: spec.audience === "" ? [] : [spec.audience],
        expirationSeconds: spec.expirationSeconds,
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name: spec.pod.name, uid: spec.pod.uid },
      },
    };
    const accounts = this.#client.resource<ServiceAccount>(serviceAccounts).namespace(spec.namespace);
    const options = signal === undefined ? {} : { signal };
    const answer = await accounts.createSubresource<TokenRequest>(spec.serviceAccount, "token", body, options);
    const token = answer.status?.token ?? "";
    const expiresAt = parseTime(answer.status?.expirationTimestamp);
    const lifetime = expiresAt - this.#clock.now();
    // Renewed at four fifths of its life, and at least once a day.
    const refreshAt = this.#clock.now() + Math.min(lifetime * 0.8, maxTtlMs);
    return { token, expiresAt, refreshAt };
  }
}
