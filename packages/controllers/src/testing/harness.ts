/** For tests: controllers on an API, with a kubelet that makes every scheduled pod ready at once. */

import assert from "node:assert/strict";
import * as api from "@kubets/api";
import { type Event, events, nodes, type Pod, pods, resourceTable } from "@kubets/api";
import {
  type Clock,
  formatTime,
  isNotFound,
  type KubeObject,
  type Logger,
  realClock,
  silentLogger,
} from "@kubets/apimachinery";
import { type Client, createClient, createInformerFactory, type InformerFactory } from "@kubets/client";
import { MemoryApi } from "@kubets/client/testing";
import { controllerManager } from "../controller-manager.ts";
import type { ControllerDefinition } from "../runtime/context.ts";

export interface Harness {
  readonly api: MemoryApi;
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

export async function startHarness(
  controllers: readonly ControllerDefinition[],
  options: HarnessOptions = {},
): Promise<Harness> {
  const memory = new MemoryApi(allResources(), options.clock ?? realClock);
  const client = createClient(memory);
  const stop = new AbortController();
  const clock = options.clock ?? realClock;
  const informers = createInformerFactory(client, { clock });
  const manager = controllerManager({
    client,
    clientFor: () => client,
    controllers,
    informers,
    clock,
    logger: options.logger ?? silentLogger,
  });
  if (options.kubelet ?? true) runKubelet(client, informers, clock);
  const running = manager.start(stop.signal);
  informers.start(stop.signal);
  await Promise.race([manager.ready, running]);
  return {
    api: memory,
    client,
    informers,
    eventually,
    quiet: () => quiet(memory),
    events: async (namespace) => (await client.resource(events).namespace(namespace).list()).items,
    pods: async (namespace) => (await client.resource(pods).namespace(namespace).list()).items,
    stop: async () => {
      stop.abort();
      await running;
    },
  };
}

function allResources(): api.Resource[] {
  const handles = Object.values(api as Record<string, unknown>).filter(
    (value): value is api.Resource =>
      typeof value === "object" && value !== null && "plural" in value && "namespaced" in value,
  );
  assert.ok(resourceTable.length > 0 && handles.includes(nodes as api.Resource));
  return handles;
}

async function eventually<T>(condition: () => T | Promise<T>, what: string): Promise<NonNullable<T>> {
  for (let turn = 0; turn < 1500; turn++) {
    const value = await condition();
    if (value) return value as NonNullable<T>;
    await realClock.sleep(2);
  }
  assert.fail(`waited in vain for ${what}`);
}

async function quiet(memory: MemoryApi): Promise<void> {
  for (let seen = -1; seen !== memory.requests.length; ) {
    seen = memory.requests.length;
    await realClock.sleep(40);
  }
}

function runKubelet(client: Client, informers: InformerFactory, clock: Clock): void {
  const start = (pod: Pod) => {
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

export function named(name: string, namespace = "x"): KubeObject["metadata"] & object {
  return { name, namespace };
}
