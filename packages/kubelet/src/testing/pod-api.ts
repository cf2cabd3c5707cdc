/** The API as a kubelet's tests need it: the client's memory API, with strategic merge patches and the two-step deletion of pods. */

import {
  configMaps,
  events,
  leases,
  nodes,
  type Pod,
  pods,
  schemaRef,
  schemaSet,
  secrets,
  serviceAccounts,
  services,
} from "@kubets/api";
import type { Clock, Json } from "@kubets/apimachinery";
import { applyStrategicMergePatch, clone, formatTime } from "@kubets/apimachinery";
import type { ApiRequest, Client, Transport, WatchEvent } from "@kubets/client";
import { createClient } from "@kubets/client";
import { MemoryApi } from "@kubets/client/testing";

const finalizer = "kubets.dev/test-grace";

export class PodApi implements Transport {
  readonly memory: MemoryApi;
  readonly client: Client;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.memory = new MemoryApi([pods, nodes, leases, events, configMaps, secrets, services, serviceAccounts], clock);
    this.client = createClient(this);
  }

  async request(request: ApiRequest): Promise<unknown> {
    if (request.contentType === "application/strategic-merge-patch+json") return this.#strategic(request);
    if (request.method === "POST" && request.path.endsWith("/pods")) {
      const pod = clone(request.body) as Pod;
      pod.metadata = { ...pod.metadata, finalizers: [finalizer] };
      pod.status ??= { phase: "Pending" };
      return this.memory.request({ ...request, body: pod });
    }
    if (request.method === "POST" && request.path.endsWith("/token")) {
      return { status: { token: "token", expirationTimestamp: formatTime(this.#clock.now() + 3_600_000) } };
    }
    const answer = await this.memory.request(request);
    const grace = (request.body as { gracePeriodSeconds?: number } | undefined)?.gracePeriodSeconds;
    if (request.method === "DELETE" && request.path.includes("/pods/") && grace === 0) {
      const body = { metadata: { finalizers: null } };
      return this.memory.request({ ...request, method: "PATCH", contentType: "application/merge-patch+json", body });
    }
    return answer;
  }

  requestText(request: ApiRequest): Promise<string> {
    return this.memory.requestText(request);
  }

  watch(request: ApiRequest): AsyncIterable<WatchEvent> {
    return this.memory.watch(request);
  }

  async #strategic(request: ApiRequest): Promise<unknown> {
    const path = request.path.replace(/\/status$/, "");
    const { contentType: _, body, ...rest } = request;
    const before = (await this.memory.request({ ...rest, method: "GET", path })) as Json;
    const kind = path.includes("/pods/") ? "Pod" : "Node";
    const schema = schemaRef(`io.k8s.api.core.v1.${kind}`);
    const after = applyStrategicMergePatch(before, clone(body) as Json, schema, schemaSet);
    return this.memory.request({ ...rest, method: "PUT", body: clone(after) });
  }
}
