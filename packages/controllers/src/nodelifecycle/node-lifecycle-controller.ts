/**
 * Notices nodes that stop reporting, says so in their conditions, and taints them. Behaviour of upstream's pkg/controller/nodelifecycle,
 * by event and one timer per node instead of a look at every node each five seconds.
 */

import { type Lease, leases, type Node, type NodeCondition, nodes, type Pod, pods } from "@kubets/api";
import { clone, deepEqual, formatTime, isConflict, isNotFound, keyOf, parseTime } from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { isPodReady, podNode, podNodeIndex } from "../runtime/pods.ts";
import { evictionTaintFor, evictionTaintOf, readyStatus, wantedTaints } from "./node-taints.ts";
import { disruptionOf, zoneOf } from "./zone-disruption.ts";

export interface NodeLifecycleOptions {
  /** Without a sign of life for this long a node is Unknown. Upstream's `--node-monitor-grace-period`; default 50,000. */
  readonly monitorGraceMs?: number;
  /** For a node that never posted a status. Default 60,000. */
  readonly startupGraceMs?: number;
}

const watchedConditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

interface Health {
  /** When the node last gave a sign of life, on our monotonic clock: clocks of nodes are not trusted. */
  seenAt: number;
  /** Its Ready status when last looked at. */
  ready: string | undefined;
}

class NodeLifecycleController implements Runnable {
  readonly #context: ControllerContext;
  readonly #graceMs: number;
  readonly #startupGraceMs: number;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: EventRecorder;
  readonly #controller: Controller;
  readonly #health = new Map<string, Health>();
  /** When the next node of a zone may lose its pods. */
  readonly #nextEviction = new Map<string, number>();
  #zones = "";

  constructor(context: ControllerContext, options: NodeLifecycleOptions) {
    this.#context = context;
    this.#graceMs = options.monitorGraceMs ?? 50_000;
    this.#startupGraceMs = options.startupGraceMs ?? 60_000;
    this.#recorder = context.recorder("node-controller");
    this.#nodes = context.informers.informer(nodes);
    this.#pods = context.informers.informer(pods);
    this.#pods.addIndex(podNodeIndex, podNode);
    this.#controller = new Controller({
      name: "node-lifecycle-controller",
      queueName: "node_lifecycle_controller",
      reconcile: (key, signal) => this.#reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    this.#watch();
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  #watch(): void {
    this.#nodes.addHandler({
      add: (node) => this.#added(node),
      update: (old, node) => this.#updated(old, node),
      delete: (node) => this.#removed(node),
    });
    const seen = (lease: Lease) => {
      const health = this.#health.get(lease.metadata?.name ?? "");
      if (health !== undefined) health.seenAt = this.#context.clock.monotonic();
    };
    const renewed = (old: Lease, lease: Lease) => {
      if (old.spec?.renewTime !== lease.spec?.renewTime) seen(lease);
    };
    this.#context.informers
      .informer(leases, { namespace: "kube-node-lease" })
      .addHandler({ add: seen, update: renewed });
    // A pod that turns ready, or comes, on a node that is not: the kubelet's last words may arrive late.
    const check = (pod: Pod) => {
      const health = this.#health.get(pod.spec?.nodeName ?? "");
      if (health?.ready !== undefined && health.ready !== "True" && isPodReady(pod))
        this.#controller.enqueue(pod.spec?.nodeName ?? "");
    };
    this.#pods.addHandler({ add: check, update: (_, pod) => check(pod) });
  }

  #added(node: Node): void {
    const name = keyOf(node);
    this.#health.set(name, { seenAt: this.#context.clock.monotonic(), ready: undefined });
    this.#say(node, "RegisteredNode", `Registered Node ${name} in Controller`);
    this.#controller.enqueue(name);
    this.#checkZones();
  }

  #updated(old: Node, node: Node): void {
    const name = keyOf(node);
    const beats = (of: Node) => of.status?.conditions?.map(({ lastHeartbeatTime }) => lastHeartbeatTime);
    const health = this.#health.get(name);
    if (health !== undefined && !deepEqual(beats(old), beats(node))) health.seenAt = this.#context.clock.monotonic();
    const facts = (of: Node) => [of.status?.conditions?.map(({ type, status }) => [type, status]), of.spec];
    if (!deepEqual(facts(old), facts(node)) || zoneOf(old) !== zoneOf(node)) {
      this.#controller.enqueue(name);
      this.#checkZones();
    }
  }

  #removed(node: Node): void {
    const name = keyOf(node);
    this.#health.delete(name);
    this.#say(node, "RemovingNode", `Removing Node ${name} from Controller`);
    this.#checkZones();
  }

  #say(node: Node, reason: string, message: string): void {
    const text = `Node ${node.metadata?.name} event: ${message}`;
    this.#recorder.event({ apiVersion: "v1", kind: "Node", metadata: node.metadata ?? {} }, "Normal", reason, text);
  }

  /** Whether pods are moved away from one node depends on how the others are. */
  #checkZones(): void {
    const { states } = disruptionOf(this.#nodes.lister.list());
    const zones = JSON.stringify([...states].sort());
    if (zones === this.#zones) return;
    this.#zones = zones;
    for (const node of this.#nodes.lister.list())
      if (readyStatus(node) !== "True") this.#controller.enqueue(keyOf(node));
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    let node = this.#nodes.lister.getByKey(name);
    const health = this.#health.get(name);
    if (node === undefined || health === undefined) return undefined;
    const silentForMs = this.#silence(node, health);
    const leftMs = (readyStatus(node) === undefined ? this.#startupGraceMs : this.#graceMs) - silentForMs;
    if (leftMs <= 0) node = await this.#markUnknown(node, signal);
    const retryMs = await this.#updateTaints(node, signal);
    await this.#announce(node, health, signal);
    // Once Unknown it stays so until the kubelet speaks, which is an event.
    const waits = [retryMs, leftMs > 0 ? leftMs + 1 : undefined].filter((wait) => wait !== undefined);
    return waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : undefined;
  }

  #silence(node: Node, health: Health): number {
    const { clock } = this.#context;
    if (readyStatus(node) !== undefined) return clock.monotonic() - health.seenAt;
    return clock.now() - parseTime(node.metadata?.creationTimestamp);
  }

  async #markUnknown(node: Node, signal: AbortSignal): Promise<Node> {
    const now = formatTime(this.#context.clock.now());
    const conditions: NodeCondition[] = [...(node.status?.conditions ?? [])];
    for (const type of watchedConditions) {
      const at = conditions.findIndex((condition) => condition.type === type);
      const old = conditions[at];
      if (old?.status === "Unknown") continue;
      const never = { reason: "NodeStatusNeverUpdated", message: "Kubelet never posted node status." };
      const stopped = { reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." };
      const created = node.metadata?.creationTimestamp ?? now;
      const base = old === undefined ? { lastHeartbeatTime: created, ...never } : { ...old, ...stopped };
      conditions.splice(at < 0 ? conditions.length : at, 1, {
        ...base,
        type,
        status: "Unknown",
        lastTransitionTime: now,
      });
    }
    if (deepEqual(conditions, node.status?.conditions)) return node;
    const next = clone(node);
    next.status = { ...next.status, conditions };
    return await this.#context.client.resource(nodes).updateStatus(next, { signal });
  }

  /** Gives when to come again because another node of the zone has just been tainted. */
  async #updateTaints(node: Node, signal: AbortSignal): Promise<number | undefined> {
    const { evictionTaint, retryMs } = this.#decideEviction(node);
    const taints = wantedTaints(node, evictionTaint, this.#context.clock.now());
    if (deepEqual(taints, node.spec?.taints ?? [])) return retryMs;
    const { resourceVersion } = node.metadata ?? {};
    const patch = { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
    await this.#context.client.resource(nodes).patch(keyOf(node), "application/merge-patch+json", patch, { signal });
    return retryMs;
  }

  #decideEviction(node: Node): { evictionTaint: string | undefined; retryMs: number | undefined } {
    const wanted = evictionTaintFor(node);
    const disruption = disruptionOf(this.#nodes.lister.list());
    if (wanted === undefined || disruption.everywhere) return { evictionTaint: undefined, retryMs: undefined };
    // One kind of trouble becoming the other moves nothing.
    if (evictionTaintOf(node) !== undefined) return { evictionTaint: wanted, retryMs: undefined };
    const zone = zoneOf(node);
    const interval = disruption.evictionIntervalMs(zone);
    if (interval === Number.POSITIVE_INFINITY) return { evictionTaint: undefined, retryMs: undefined };
    const now = this.#context.clock.monotonic();
    const next = this.#nextEviction.get(zone) ?? now;
    if (next > now) return { evictionTaint: undefined, retryMs: next - now };
    this.#nextEviction.set(zone, now + interval);
    return { evictionTaint: wanted, retryMs: undefined };
  }

  async #announce(node: Node, health: Health, signal: AbortSignal): Promise<void> {
    const ready = readyStatus(node);
    const before = health.ready;
    health.ready = ready;
    if (ready === undefined || ready === "True") return;
    if (before === "True") {
      const object = { apiVersion: "v1", kind: "Node", metadata: node.metadata ?? {} };
      this.#recorder.event(object, "Normal", "NodeNotReady", `Node ${keyOf(node)} status is now: NodeNotReady`);
    }
    for (const pod of this.#pods.lister.byIndex(podNodeIndex, keyOf(node))) {
      if (isPodReady(pod)) await this.#markNotReady(pod, signal);
    }
  }

  /** Its kubelet cannot say so, and Services must not send anything there. */
  async #markNotReady(pod: Pod, signal: AbortSignal): Promise<void> {
    const next = clone(pod);
    const ready = next.status?.conditions?.find(({ type }) => type === "Ready");
    if (ready === undefined) return;
    ready.status = "False";
    ready.lastTransitionTime = formatTime(this.#context.clock.now());
    try {
      await this.#context.client.resource(pods).updateStatus(next, { signal });
      this.#recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready");
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error;
      this.#controller.enqueueAfter(pod.spec?.nodeName ?? "", 100);
    }
  }
}

/** What its taints do to a node's pods is the taint eviction controller's. */
export function nodeLifecycleController(options: NodeLifecycleOptions = {}): ControllerDefinition {
  return {
    name: "node-lifecycle-controller",
    serviceAccount: "node-controller",
    create: (context) => new NodeLifecycleController(context, options),
  };
}
