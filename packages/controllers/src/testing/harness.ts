/** For tests: controllers on an API, with a kubelet that makes every scheduled pod ready at once. */

import assert from "node:assert/strict";
import { type Event, events, namespaces, type Pod, pods } from "@kubets/api";
import { type Clock, formatTime, isNotFound, type Logger, realClock, silentLogger } from "@kubets/apimachinery";
import { ApiServer } from "@kubets/apiserver";
import {
  type ApiRequest,
  type Client,
  createClient,
  createInformerFactory,
  type InformerFactory,
  type Transport,
  type WatchEvent,
} from "@kubets/client";
import { memoryStore } from "@kubets/storage";
import { controllerManager } from "../controller-manager.ts";
import type { ControllerDefinition } from "../runtime/context.ts";

export interface Harness {
  readonly api: RecordingTransport;
  readonly client: Client;
  readonly informers: InformerFactory;
  /** Waits until `condition` gives something truthy, and gives that. */
  eventually<T>(condition: () => T | Promise<T>, what: string): Promise<NonNullable<T>>;
  /** Waits until no request has been made for a while: everything has settled. */
  quiet(): Promise<void>;
  events(namespace: string): Promise<Event[]>;
  pods(namespace: string): Promise<Pod[]>;
  stop(): Promise<void>;
}

export interface HarnessOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Marks pods Running and Ready. Default true. */
  readonly kubelet?: boolean;
}

/** Who asks, in tests. */
export const admin = { name: "admin", groups: ["system:masters"] };

/** An API server in memory that lets everyone do everything. Not yet started. */
export function testServer(means: { readonly clock: Clock; readonly logger?: Logger }): ApiServer {
  return new ApiServer({
    store: memoryStore(),
    authenticator: { authenticate: async () => admin },
    authorizer: { authorize: () => ({ decision: "Allow", reason: "" }) },
    serviceCidrs: ["10.96.0.0/16"],
    ...means,
  });
}

export async function startHarness(
  controllers: readonly ControllerDefinition[],
  options: HarnessOptions = {},
): Promise<Harness> {
  const { clock = realClock, logger = silentLogger } = options;
  const stop = new AbortController();
  const server = testServer({ clock, logger });
  const serving = server.start(stop.signal);
  await Promise.race([server.ready, serving]);
  const api = new RecordingTransport(server.transport(admin, "harness"));
  const client = createClient(api);
  const informers = createInformerFactory(client, { clock, logger });
  const manager = controllerManager({ client, clientFor: () => client, controllers, informers, clock, logger });
  if (options.kubelet ?? true) runKubelet(client, informers, clock);
  for (const name of ["x", "y", "default", "kube-node-lease"]) {
    await client
      .resource(namespaces)
      .create({ metadata: { name } })
      .catch(() => undefined);
  }
  const running = manager.start(stop.signal);
  informers.start(stop.signal);
  await Promise.race([manager.ready, running]);
  return {
    api,
    client,
    informers,
    eventually,
    quiet: () => quiet(api),
    events: async (namespace) => (await client.resource(events).namespace(namespace).list()).items,
    pods: async (namespace) => (await client.resource(pods).namespace(namespace).list()).items,
    stop: async () => {
      stop.abort();
      await Promise.all([running, serving]);
    },
  };
}

/** Counts requests, and can make them fail. */
export class RecordingTransport implements Transport {
  readonly #inner: Transport;
  /** `POST /api/v1/namespaces/x/pods` */
  readonly requests: string[] = [];
  /** Throws to make a request fail. */
  intercept: ((request: ApiRequest) => void) | undefined;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  async request(request: ApiRequest): Promise<unknown> {
    this.#note(request);
    return await this.#inner.request(request);
  }

  async requestText(request: ApiRequest): Promise<string> {
    this.#note(request);
    return await this.#inner.requestText(request);
  }

  watch(request: ApiRequest): AsyncIterable<WatchEvent> {
    this.#note(request);
    return this.#inner.watch(request);
  }

  #note(request: ApiRequest): void {
    this.requests.push(`${request.method} ${request.path}`);
    this.intercept?.(request);
  }
}

async function eventually<T>(condition: () => T | Promise<T>, what: string): Promise<NonNullable<T>> {
  for (let turn = 0; turn < 15_000; turn++) {
    const value = await condition();
    if (value) return value as NonNullable<T>;
    await realClock.sleep(2);
  }
  assert.fail(`waited in vain for ${what}`);
}

/** Three looks, for while this process does not get the processor nobody makes a request. */
async function quiet(memory: RecordingTransport): Promise<void> {
  for (let [seen, looks] = [-1, 0]; looks < 3; looks++) {
    if (seen !== memory.requests.length) looks = 0;
    seen = memory.requests.length;
    await realClock.sleep(20);
  }
}

function runKubelet(client: Client, informers: InformerFactory, clock: Clock): void {
  const start = (pod: Pod) => {
    if (pod.metadata?.deletionTimestamp !== undefined && pod.spec?.nodeName) {
      const { namespace = "", name = "" } = pod.metadata;
      client
        .resource(pods)
        .namespace(namespace)
        .delete(name, { gracePeriodSeconds: 0 })
        .catch(() => undefined);
      return;
    }
    if ((pod.status?.phase ?? "Pending") !== "Pending" || pod.metadata?.annotations?.["test/kubelet"] === "off") return;
    const now = formatTime(clock.now());
    const ready = { type: "Ready", status: "True", lastTransitionTime: now };
    const status = { phase: "Running", podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }], conditions: [ready] };
    const writing = client.resource(pods).updateStatus({ ...pod, status });
    writing.catch((error: unknown) => {
      if (!isNotFound(error) && (error as { code?: number }).code !== 409) throw error;
    });
  };
  informers.informer(pods).addHandler({ add: start, update: (_, pod) => start(pod) });
}
