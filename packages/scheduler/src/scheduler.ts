/**
 * The scheduler: takes pods without a node from the queue one at a time, chooses a node, counts the pod there, and binds it in the background.
 * Source: scheduler/schedule_one.go.
 */

import { type Binding, type Node, nodes, type Pod, pods } from "@kubets/api";
import {
  type Clock,
  type Component,
  deepEqual,
  formatTime,
  type Health,
  isNotFound,
  keyOf,
  type Logger,
  messageOf,
  type Random,
  realClock,
  realRandom,
  silentLogger,
} from "@kubets/apimachinery";
import type { Client, EventRecorder, InformerFactory, Lister } from "@kubets/client";
import { SchedulerCache } from "./cache.ts";
import { type Diagnosis, diagnosisMessage, Framework } from "./framework/framework.ts";
import type { CycleState, Plugin, WeightedPlugin } from "./framework/plugin.ts";
import { defaultPlugins } from "./plugins/index.ts";
import { type QueuedPod, SchedulingQueue } from "./queue.ts";

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  /** Pods with this `spec.schedulerName` are ours. Default `default-scheduler`. */
  readonly schedulerName?: string;
  readonly plugins?: readonly WeightedPlugin[];
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** Ready when it knows all nodes and pods that there are, and schedules. */
export class Scheduler implements Component {
  readonly name = "kube-scheduler";
  readonly ready: Promise<void>;
  readonly #client: Client;
  readonly #informers: InformerFactory;
  readonly #recorder: EventRecorder;
  readonly #schedulerName: string;
  readonly #framework: Framework;
  readonly #queue: SchedulingQueue;
  readonly #cache = new SchedulerCache();
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #binding = new Set<Promise<void>>();
  #markReady: () => void = () => {};
  #started = false;
  #pods: Lister<Pod> | undefined;

  constructor(options: SchedulerOptions) {
    this.#client = options.client;
    this.#informers = options.informers;
    this.#recorder = options.recorder;
    this.#schedulerName = options.schedulerName ?? "default-scheduler";
    this.#clock = options.clock ?? realClock;
    this.#logger = options.logger ?? silentLogger;
    const random = options.random ?? realRandom;
    this.#framework = new Framework(options.plugins ?? defaultPlugins, () => random.next());
    this.#queue = new SchedulingQueue(
      this.#clock,
      this.#framework.plugins.filter((p) => p.preEnqueue !== undefined),
    );
    this.ready = new Promise((resolve) => {
      this.#markReady = resolve;
    });
  }

  healthz(): Health {
    return this.#started ? { ok: true } : { ok: false, reason: "caches are not synced" };
  }

  async start(signal: AbortSignal): Promise<void> {
    const nodeInformer = this.#informers.informer(nodes);
    const podInformer = this.#informers.informer(pods);
    this.#pods = podInformer.lister;
    const removers = [
      nodeInformer.addHandler({
        add: (node) => this.#onNode(node, undefined),
        update: (old, node) => this.#onNode(node, old),
        delete: (node) => this.#cache.removeNode(node.metadata?.name ?? ""),
      }),
      podInformer.addHandler({
        add: (pod) => this.#onPod(undefined, pod),
        update: (old, pod) => this.#onPod(old, pod),
        delete: (pod) => this.#onPodDelete(pod),
      }),
    ];
    try {
      await Promise.all([nodeInformer.synced(signal), podInformer.synced(signal)]);
      this.#started = true;
      this.#markReady();
      for (;;) this.#scheduleOne(await this.#queue.pop(signal), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      for (const remove of removers) remove();
      this.#queue.close();
      await Promise.allSettled(this.#binding);
      this.#started = false;
    }
  }

  #onNode(node: Node, old: Node | undefined): void {
    this.#cache.setNode(node);
    this.#queue.onEvent(old === undefined ? { kind: "NodeAdd", node } : { kind: "NodeUpdate", node, old });
  }

  #onPod(old: Pod | undefined, pod: Pod): void {
    const wasPlaced = old !== undefined && isPlaced(old);
    if (isPlaced(pod)) {
      if (!wasPlaced) this.#queue.delete(pod);
      this.#cache.setPod(pod);
      this.#queue.onEvent(wasPlaced ? { kind: "AssignedPodUpdate", pod, old } : { kind: "AssignedPodAdd", pod });
    } else if (wasPlaced || isFinished(pod)) {
      this.#onPodDelete(old ?? pod);
    } else if (this.#isOurs(pod) && pod.metadata?.deletionTimestamp === undefined && !this.#cache.isAssumed(pod)) {
      if (old === undefined) this.#queue.add(pod);
      else if (old.metadata?.resourceVersion !== pod.metadata?.resourceVersion && schedulingChanged(old, pod))
        this.#queue.update(old, pod);
    } else if (pod.metadata?.deletionTimestamp !== undefined) {
      this.#queue.delete(pod);
    }
  }

  #onPodDelete(pod: Pod): void {
    this.#queue.delete(pod);
    if (!pod.spec?.nodeName) return;
    this.#cache.removePod(pod);
    this.#queue.onEvent({ kind: "AssignedPodDelete", pod });
  }

  #isOurs(pod: Pod): boolean {
    return (pod.spec?.schedulerName ?? "default-scheduler") === this.#schedulerName;
  }

  #scheduleOne(queued: QueuedPod, signal: AbortSignal): void {
    const { pod } = queued;
    if (pod.metadata?.deletionTimestamp !== undefined || this.#cache.isAssumed(pod)) return this.#queue.done(pod);
    const choice = this.#framework.choose(pod, this.#cache.nodes());
    if ("diagnosis" in choice) return this.#track(this.#onUnschedulable(queued, choice.diagnosis, signal));
    const nodeName = choice.node.name;
    this.#cache.assume(pod, nodeName);
    const refused = this.#framework.reserve(choice.state, pod, nodeName);
    if (refused !== undefined) {
      this.#cache.forget(pod);
      const diagnosis = {
        totalNodes: 1,
        reasons: new Map(refused.reasons.map((r) => [r, 1])),
        rejectedBy: this.#named(refused.plugin),
      };
      return this.#track(this.#onUnschedulable(queued, diagnosis, signal));
    }
    this.#track(this.#bind(queued, choice.state, nodeName, signal));
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((err) => this.#logger.error("Scheduling step failed", { err }))
      .finally(() => this.#binding.delete(tracked));
    this.#binding.add(tracked);
  }

  async #bind(queued: QueuedPod, state: CycleState, nodeName: string, signal: AbortSignal): Promise<void> {
    const { pod } = queued;
    const { name = "", namespace = "", uid } = pod.metadata ?? {};
    try {
      const held = await this.#framework.prepareToBind(state, pod, nodeName, signal);
      if (held !== undefined) {
        this.#release(pod, state, nodeName);
        const reasons = new Map(held.reasons.map((r) => [r, 1]));
        return await this.#onUnschedulable(
          queued,
          { totalNodes: 1, reasons, rejectedBy: this.#named(held.plugin) },
          signal,
        );
      }
      const binding: Binding = {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name, namespace, ...(uid === undefined ? {} : { uid }) },
        target: { kind: "Node", name: nodeName },
      };
      await this.#client.resource(pods).namespace(namespace).createSubresource(name, "binding", binding, { signal });
      this.#queue.done(pod);
      this.#recorder.event(pod, "Normal", "Scheduled", `Successfully assigned ${keyOf(pod)} to ${nodeName}`);
    } catch (error) {
      this.#release(pod, state, nodeName);
      if (signal.aborted) return;
      if (isNotFound(error)) return this.#queue.done(pod);
      this.#logger.warn("Binding failed", { kind: "Pod", namespace, name, node: nodeName, err: error });
      const message = `binding rejected: ${messageOf(error)}`;
      this.#recorder.event(pod, "Warning", "FailedScheduling", message);
      this.#retry(queued, new Set());
    }
  }

  #release(pod: Pod, state: CycleState, nodeName: string): void {
    this.#framework.unreserve(state, pod, nodeName);
    this.#cache.forget(pod);
    this.#queue.onEvent({ kind: "AssignedPodDelete", pod });
  }

  async #onUnschedulable(queued: QueuedPod, diagnosis: Diagnosis, signal: AbortSignal): Promise<void> {
    const { pod } = queued;
    const message = diagnosisMessage(diagnosis);
    this.#retry(queued, diagnosis.totalNodes === 0 ? new Set(this.#framework.plugins) : diagnosis.rejectedBy);
    this.#recorder.event(pod, "Warning", "FailedScheduling", message);
    try {
      await this.#setUnschedulable(pod, message, signal);
    } catch (error) {
      if (signal.aborted || isNotFound(error)) return;
      this.#logger.warn("Could not report a pod as unschedulable", { kind: "Pod", name: keyOf(pod), err: error });
    }
  }

  #named(plugin: string | undefined): ReadonlySet<Plugin> {
    return new Set(this.#framework.plugins.filter((p) => p.name === plugin));
  }

  /** Back into the queue, as the API has the pod now; gone or bound meanwhile, it is dropped. */
  #retry(queued: QueuedPod, rejectedBy: ReadonlySet<Plugin>): void {
    const latest = this.#pods?.getByKey(keyOf(queued.pod));
    if (latest === undefined || latest.metadata?.uid !== queued.pod.metadata?.uid || isPlaced(latest))
      this.#queue.done(queued.pod);
    else this.#queue.requeue(queued, latest, rejectedBy);
  }

  async #setUnschedulable(pod: Pod, message: string, signal: AbortSignal): Promise<void> {
    const present = pod.status?.conditions?.find((c) => c.type === "PodScheduled");
    if (present?.status === "False" && present.reason === "Unschedulable" && present.message === message) return;
    const { name = "", namespace = "", generation } = pod.metadata ?? {};
    const changed = present?.status === "False" ? present.lastTransitionTime : undefined;
    const condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      lastProbeTime: null,
      lastTransitionTime: changed ?? formatTime(this.#clock.now()),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
    const patch = { status: { conditions: [condition] } };
    const options = { subresource: "status", signal };
    await this.#client
      .resource(pods)
      .namespace(namespace)
      .patch(name, "application/strategic-merge-patch+json", patch, options);
  }
}

function isFinished(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** Takes room on a node. */
function isPlaced(pod: Pod): boolean {
  return Boolean(pod.spec?.nodeName) && !isFinished(pod);
}

/** Something changed that scheduling looks at: not just the condition that the scheduler itself writes. */
function schedulingChanged(old: Pod, pod: Pod): boolean {
  return !deepEqual(old.spec, pod.spec) || !deepEqual(old.metadata?.labels, pod.metadata?.labels);
}
