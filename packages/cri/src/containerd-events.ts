/**
 * Container events from containerd's own event stream, for versions whose CRI has none (1.6, in Debian 12).
 *
 * containerd publishes a task's change before its CRI plugin has taken note of it. An event is therefore held back until CRI's answers
 * show the change, so that whoever inspects the pod on an event sees what happened.
 */

import type { Clock } from "@kubets/apimachinery";
import { isNotFound } from "./errors.ts";
import type { EventSourceOptions } from "./events.ts";
import type { Channel } from "./grpc.ts";
import { Queue } from "./queue.ts";
import type { ContainerEvent, RuntimeEvent, RuntimeService } from "./services.ts";

const service = "containerd.services.events.v1.Events";
/** The containerd namespace in which its CRI plugin keeps everything. */
const namespace = "k8s.io";
const markerTopic = "/kubets/subscribed";
const topics = ["/tasks/start", "/tasks/delete", "/tasks/oom", "/containers/delete", markerTopic];
/** Pauses between looks at CRI's answers; when all have passed, the event is sent regardless. */
const settleMs = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

interface Envelope {
  readonly topic: string;
  readonly event: { readonly value: Buffer } | null;
}

type RawEvent = Pick<ContainerEvent, "type" | "containerId">;

/** Ends when the stream does; throws CriError, UNIMPLEMENTED when the runtime is not containerd. */
export async function* containerdEvents(
  options: EventSourceOptions,
  signal: AbortSignal,
): AsyncGenerator<RuntimeEvent> {
  const done = new AbortController();
  const signals = AbortSignal.any([signal, done.signal]);
  const queue = new Queue<RuntimeEvent>();
  const pump = new Pump(options, queue, signals);
  const finished = pump.run().then(
    () => queue.end(),
    (error: unknown) => queue.fail(error),
  );
  try {
    yield* queue;
  } finally {
    done.abort();
    await finished;
  }
}

/** Reads the stream and puts settled events on the queue: in order for one container, not held up by others. */
class Pump {
  readonly #channel: Channel;
  readonly #runtime: RuntimeService;
  readonly #clock: Clock;
  readonly #queue: Queue<RuntimeEvent>;
  readonly #signal: AbortSignal;
  /** What is known of each sandbox and container: after deletion nobody else can tell whose it was. */
  readonly #owners = new Map<string, Owner>();
  readonly #settling = new Map<string, Promise<void>>();
  #subscribed = false;

  constructor(options: EventSourceOptions, queue: Queue<RuntimeEvent>, signal: AbortSignal) {
    this.#channel = options.channel;
    this.#runtime = options.runtime;
    this.#clock = options.clock;
    this.#queue = queue;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const filters = topics.map((topic) => `namespace==${namespace},topic=="${topic}"`);
    const stream = this.#channel.stream<Envelope>(service, "subscribe", { filters }, { signal: this.#signal });
    // The stream reports a lost connection; publishing only has to reach the end of its attempts.
    const marked = this.#markSubscribed().catch((error: unknown) => this.#queue.fail(error));
    for await (const envelope of stream) {
      if (envelope.topic === markerTopic) await this.#onSubscribed();
      else {
        const raw = this.#read(envelope);
        if (raw) this.#enqueue(raw);
      }
    }
    this.#subscribed = true;
    await marked;
    await Promise.all(this.#settling.values());
  }

  /** Publishes a mark until it comes back: only then is it certain that no later event is missed. */
  async #markSubscribed(): Promise<void> {
    const publish = this.#channel.unary(service, "publish");
    const request = { topic: markerTopic, event: { typeUrl: "kubets.subscribed", value: Buffer.alloc(0) } };
    for (let delayMs = 5; !this.#subscribed && !this.#signal.aborted; delayMs = Math.min(delayMs * 2, 1000)) {
      try {
        await publish(request, { signal: this.#signal, metadata: { "containerd-namespace": namespace } });
        await this.#clock.sleep(delayMs, this.#signal);
      } catch (error) {
        if (this.#signal.aborted) return;
        throw error;
      }
    }
  }

  async #onSubscribed(): Promise<void> {
    if (this.#subscribed) return;
    this.#subscribed = true;
    const [sandboxes, containers] = await Promise.all([
      this.#runtime.listPodSandbox({}, { signal: this.#signal }),
      this.#runtime.listContainers({}, { signal: this.#signal }),
    ]);
    for (const { id, metadata } of sandboxes.items)
      this.#owners.set(id, { sandboxId: id, podUid: metadata?.uid ?? "" });
    for (const { id, podSandboxId } of containers.containers) {
      this.#owners.set(id, { sandboxId: podSandboxId, podUid: this.#owners.get(podSandboxId)?.podUid ?? "" });
    }
    this.#queue.push({ type: "Relist" });
  }

  #read({ topic, event }: Envelope): RawEvent | undefined {
    const body = <T>(type: string) =>
      this.#channel.decode<T>(`containerd.services.events.v1.${type}`, event?.value ?? Buffer.alloc(0));
    switch (topic) {
      case "/tasks/start":
        return { type: "ContainerStarted", containerId: body<TaskBody>("TaskStart").containerId };
      case "/tasks/delete": {
        // The end of an exec in the container says nothing about the container.
        const { containerId, id } = body<TaskBody & { id: string }>("TaskDelete");
        return id === "" || id === containerId ? { type: "ContainerStopped", containerId } : undefined;
      }
      case "/tasks/oom":
        return { type: "ContainerOOM", containerId: body<TaskBody>("TaskOOM").containerId };
      case "/containers/delete":
        return { type: "ContainerDeleted", containerId: body<{ id: string }>("ContainerDelete").id };
      default:
        return undefined;
    }
  }

  #enqueue(raw: RawEvent): void {
    const id = raw.containerId;
    const turn = (this.#settling.get(id) ?? Promise.resolve())
      .then(() => this.#settle(raw))
      .catch((error: unknown) => this.#queue.fail(error))
      .finally(() => {
        if (this.#settling.get(id) === turn) this.#settling.delete(id);
      });
    this.#settling.set(id, turn);
  }

  async #settle(raw: RawEvent): Promise<void> {
    for (const pauseMs of settleMs) {
      if (this.#signal.aborted) return;
      if (await this.#isVisible(raw)) break;
      await this.#clock.sleep(pauseMs, this.#signal).catch(() => undefined);
    }
    const owner = this.#owners.get(raw.containerId);
    if (raw.type === "ContainerDeleted") this.#owners.delete(raw.containerId);
    // Without an owner it is not one of the runtime interface's containers.
    if (owner && !this.#signal.aborted) this.#queue.push({ ...raw, ...owner });
  }

  /** Whether CRI's answers already show the change; learns the owner on the way. */
  async #isVisible({ type, containerId }: RawEvent): Promise<boolean> {
    const state = await this.#state(containerId);
    switch (type) {
      case "ContainerStarted":
        return state === "running" || state === "exited";
      case "ContainerStopped":
        return state !== "running";
      case "ContainerDeleted":
        return state === "absent";
      default:
        return state !== "absent";
    }
  }

  async #state(id: string): Promise<State> {
    try {
      return (await this.#containerState(id)) ?? (await this.#sandboxState(id)) ?? "absent";
    } catch (error) {
      if (isNotFound(error) || this.#signal.aborted) return "absent";
      throw error;
    }
  }

  async #containerState(id: string): Promise<State | undefined> {
    if (this.#owners.get(id)?.sandboxId === id) return undefined;
    const { containers } = await this.#runtime.listContainers({ filter: { id } }, { signal: this.#signal });
    const container = containers.find((c) => c.id === id);
    if (!container) return undefined;
    const podUid = container.labels["io.kubernetes.pod.uid"] ?? this.#owners.get(container.podSandboxId)?.podUid ?? "";
    this.#owners.set(id, { sandboxId: container.podSandboxId, podUid });
    return container.state === "CONTAINER_RUNNING"
      ? "running"
      : container.state === "CONTAINER_EXITED"
        ? "exited"
        : "other";
  }

  async #sandboxState(id: string): Promise<State | undefined> {
    const owner = this.#owners.get(id);
    if (owner && owner.sandboxId !== id) return undefined;
    const { items } = await this.#runtime.listPodSandbox({ filter: { id } }, { signal: this.#signal });
    const sandbox = items.find((s) => s.id === id);
    if (!sandbox) return undefined;
    this.#owners.set(id, { sandboxId: id, podUid: sandbox.metadata?.uid ?? "" });
    return sandbox.state === "SANDBOX_READY" ? "running" : "exited";
  }
}

interface Owner {
  readonly sandboxId: string;
  readonly podUid: string;
}

type State = "running" | "exited" | "other" | "absent";

interface TaskBody {
  readonly containerId: string;
}
