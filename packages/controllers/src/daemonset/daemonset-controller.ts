/** Runs one pod on every node that wants it. Behaviour of upstream's pkg/controller/daemon. */

import {
  type ControllerRevision,
  type DaemonSet,
  daemonSets,
  type Node,
  nodes,
  type Pod,
  pods as podResource,
} from "@kubets/api";
import { clone, deepEqual, keyOf, parseTime, pushAll, selectorFromLabelSelector } from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { ControllerHistory, hashOf, revisionHashLabel } from "../runtime/controller-history.ts";
import { claimable, controllerIndex, indexByController } from "../runtime/controller-index.ts";
import { controllerOf, refersTo } from "../runtime/controller-ref.ts";
import { claimObjects } from "../runtime/controller-ref-manager.ts";
import { nonZero } from "../runtime/counts.ts";
import { Expectations } from "../runtime/expectations.ts";
import { scaledValue } from "../runtime/int-or-string.ts";
import { PodControl } from "../runtime/pod-control.ts";
import { nodeNameOf } from "../runtime/pod-node.ts";
import { isPodAvailable, isPodReady, isPodTerminating, nextAvailabilityMs } from "../runtime/pods.ts";
import { slowStartBatch } from "../runtime/slow-start.ts";
import { bindToNode, nodeWants } from "./daemon-pods.ts";

const burst = 250;
const failedBackoffMs = 1000;
const maxFailedBackoffMs = 15 * 60_000;
const generationAnnotation = "deprecated.daemonset.template.generation";

interface Plan {
  readonly create: string[];
  readonly remove: Pod[];
  /** When a failed pod may be replaced. */
  waitMs: number | undefined;
}

class DaemonSetController implements Runnable {
  readonly #context: ControllerContext;
  readonly #sets: Informer<DaemonSet>;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #recorder: EventRecorder;
  readonly #podControl: PodControl;
  readonly #expectations: Expectations;
  readonly #history: ControllerHistory;
  readonly #controller: Controller;
  readonly #failures = new Map<string, { count: number; until: number }>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#recorder = context.recorder("daemonset-controller");
    this.#sets = context.informers.informer(daemonSets);
    this.#pods = context.informers.informer(podResource);
    this.#nodes = context.informers.informer(nodes);
    this.#podControl = new PodControl(context.client, this.#recorder, daemonSets);
    this.#expectations = new Expectations(context.clock);
    this.#history = new ControllerHistory(context.client, context.informers, daemonSets);
    this.#controller = new Controller({
      name: "daemonset-controller",
      queueName: "daemonset",
      reconcile: (key, signal) => this.#reconcile(key, signal),
      workers: 2,
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    this.#pods.addIndex(controllerIndex, indexByController);
    this.#watch();
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  #watch(): void {
    const enqueue = (set: DaemonSet) => this.#controller.enqueue(keyOf(set));
    this.#sets.addHandler({ add: enqueue, update: (_, set) => enqueue(set), delete: enqueue });
    this.#pods.addHandler({
      add: (pod) => this.#podChanged(pod, isPodTerminating(pod) ? "deleted" : "created"),
      update: (old, pod) =>
        this.#podChanged(pod, isPodTerminating(pod) && !isPodTerminating(old) ? "deleted" : "changed"),
      delete: (pod) => this.#podChanged(pod, "deleted"),
    });
    const facts = (node: Node) => [node.metadata?.labels, node.spec?.taints, node.spec?.unschedulable];
    const all = () => {
      for (const set of this.#sets.lister.list()) enqueue(set);
    };
    this.#nodes.addHandler({
      add: all,
      update: (old, node) => {
        if (!deepEqual(facts(old), facts(node))) all();
      },
      delete: all,
    });
  }

  #podChanged(pod: Pod, how: "created" | "changed" | "deleted"): void {
    const reference = controllerOf(pod);
    if (reference === undefined) {
      for (const set of this.#sets.lister.list(pod.metadata?.namespace ?? "")) {
        if (selectorFromLabelSelector(set.spec?.selector).matches(pod.metadata?.labels ?? {}))
          this.#controller.enqueue(keyOf(set));
      }
      return;
    }
    if (!refersTo(reference, daemonSets)) return;
    const set = this.#sets.lister.get(pod.metadata?.namespace, reference.name);
    if (set === undefined || set.metadata?.uid !== reference.uid) return;
    if (how === "created") this.#expectations.creationObserved(keyOf(set));
    if (how === "deleted") this.#expectations.deletionObserved(keyOf(set), keyOf(pod));
    this.#controller.enqueue(keyOf(set));
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const set = this.#sets.lister.getByKey(key);
    if (set === undefined) {
      this.#expectations.forget(key);
      return undefined;
    }
    const selector = selectorFromLabelSelector(set.spec?.selector);
    if (selector.requirements.length === 0) {
      const message = "This daemon set is selecting all pods. A non-empty selector is required.";
      this.#recorder.event(set, "Warning", "SelectingAll", message);
      return undefined;
    }
    if (set.metadata?.deletionTimestamp !== undefined) return undefined;
    const { current, old } = await this.#history.sync(set, signal, async (collisionCount) => {
      const next = clone(set);
      next.status = { ...this.#emptyStatus, ...next.status, collisionCount };
      await this.#context.client.resource(daemonSets).updateStatus(next, { signal });
    });
    const satisfied = this.#expectations.satisfied(key);
    const pods = await this.#claim(set, signal);
    let wait: number | undefined;
    if (satisfied) {
      const plan = this.#plan(set, pods);
      if (plan.create.length + plan.remove.length === 0) this.#roll(set, pods, hashOf(current), plan);
      wait = plan.waitMs;
      await this.#apply(key, set, current, plan, signal);
      const live = new Set(pods.map((pod) => pod.metadata?.labels?.[revisionHashLabel] ?? ""));
      await this.#history.trim(set, old, live, signal);
    } else wait = this.#expectations.remainingMs(key);
    await this.#updateStatus(set, pods, hashOf(current), signal);
    const available = nextAvailabilityMs(pods, set.spec?.minReadySeconds ?? 0, this.#context.clock.now());
    const waits = [wait, available].filter((ms) => ms !== undefined);
    return waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : undefined;
  }

  readonly #emptyStatus = {
    currentNumberScheduled: 0,
    desiredNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
  };

  async #claim(set: DaemonSet, signal: AbortSignal): Promise<Pod[]> {
    return await claimObjects(claimable(this.#pods.lister, set), {
      client: this.#context.client,
      resource: podResource,
      owner: set,
      ownerResource: daemonSets,
      selector: selectorFromLabelSelector(set.spec?.selector),
      signal,
    });
  }

  #plan(set: DaemonSet, pods: readonly Pod[]): Plan {
    const plan: Plan = { create: [], remove: [], waitMs: undefined };
    const byNode = Map.groupBy(pods, nodeNameOf);
    for (const node of this.#nodes.lister.list()) {
      const name = node.metadata?.name ?? "";
      this.#planNode(set, node, byNode.get(name) ?? [], plan);
      byNode.delete(name);
    }
    // Of nodes that are gone: those never scheduled would wait for ever. The others are the pod garbage collector's.
    for (const [, stray] of byNode)
      pushAll(
        plan.remove,
        stray.filter((pod) => !pod.spec?.nodeName && !isPodTerminating(pod)),
      );
    return plan;
  }

  #planNode(set: DaemonSet, node: Node, pods: readonly Pod[], plan: Plan): void {
    const { shouldRun, shouldContinue } = nodeWants(set, node);
    const name = node.metadata?.name ?? "";
    const living: Pod[] = [];
    let ended = false;
    for (const pod of pods) {
      if (isPodTerminating(pod)) {
        ended = true;
        continue;
      }
      if (!shouldContinue) plan.remove.push(pod);
      else if (pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded") {
        ended = true;
        this.#planEnded(set, name, pod, plan);
      } else living.push(pod);
    }
    if (!shouldContinue) return;
    if (living.length === 0 && shouldRun && !ended) plan.create.push(name);
    if (living.length <= 1) return;
    // During a surging update the old and the new run side by side, until the new is available.
    if (this.#surge(set) > 0 && new Set(living.map((pod) => pod.metadata?.labels?.[revisionHashLabel])).size > 1)
      return;
    const created = (pod: Pod) => parseTime(pod.metadata?.creationTimestamp);
    living.sort(
      (a, b) => Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName)) || created(a) - created(b),
    );
    pushAll(plan.remove, living.slice(1));
  }

  /** A failed daemon is replaced, ever more slowly. */
  #planEnded(set: DaemonSet, nodeName: string, pod: Pod, plan: Plan): void {
    const phase = pod.status?.phase === "Failed" ? "failed" : "succeeded";
    const key = `${set.metadata?.uid}/${nodeName}`;
    const now = this.#context.clock.monotonic();
    const failure = this.#failures.get(key);
    if (phase === "failed" && failure !== undefined && failure.until > now) {
      plan.waitMs = Math.min(plan.waitMs ?? Number.POSITIVE_INFINITY, failure.until - now);
      return;
    }
    const fresh = failure === undefined || now - failure.until > 2 * maxFailedBackoffMs;
    const count = fresh ? 0 : failure.count + 1;
    this.#failures.set(key, { count, until: now + Math.min(failedBackoffMs * 2 ** count, maxFailedBackoffMs) });
    const reason = phase === "failed" ? "FailedDaemonPod" : "SucceededDaemonPod";
    const verb = phase === "failed" ? "kill" : "delete";
    const message = `Found ${phase} daemon pod ${keyOf(pod)} on node ${nodeName}, will try to ${verb} it`;
    this.#recorder.event(set, phase === "failed" ? "Warning" : "Normal", reason, message);
    plan.remove.push(pod);
  }

  #surge(set: DaemonSet): number {
    if (set.spec?.updateStrategy?.type === "OnDelete") return 0;
    const wanted = this.#nodes.lister.list().filter((node) => nodeWants(set, node).shouldRun).length;
    return scaledValue(set.spec?.updateStrategy?.rollingUpdate?.maxSurge, wanted, true);
  }

  /** One step of a rolling update: deletes old pods (or, surging, adds new ones) as far as availability allows. */
  #roll(set: DaemonSet, pods: readonly Pod[], hash: string, plan: Plan): void {
    if (set.spec?.updateStrategy?.type === "OnDelete") return;
    const nowMs = this.#context.clock.now();
    const minReady = set.spec?.minReadySeconds ?? 0;
    const wanted = this.#nodes.lister.list().filter((node) => nodeWants(set, node).shouldRun);
    const byNode = Map.groupBy(pods, nodeNameOf);
    const surge = this.#surge(set);
    const unavailable = scaledValue(set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, wanted.length, true);
    let surging = 0;
    let down = 0;
    const candidates: { node: string; pod: Pod }[] = [];
    for (const node of wanted) {
      const name = node.metadata?.name ?? "";
      const here = (byNode.get(name) ?? []).filter((pod) => !isPodTerminating(pod));
      const isNew = (pod: Pod) => pod.metadata?.labels?.[revisionHashLabel] === hash;
      const [fresh, stale] = [here.find(isNew), here.find((pod) => !isNew(pod))];
      const staleAvailable = stale !== undefined && isPodAvailable(stale, minReady, nowMs);
      const freshAvailable = fresh !== undefined && isPodAvailable(fresh, minReady, nowMs);
      if (!staleAvailable && !freshAvailable) down++;
      if (stale === undefined) continue;
      if (fresh !== undefined) {
        // The new one stands: the old one's work is over.
        if (freshAvailable || !staleAvailable) plan.remove.push(stale);
        else surging++;
      } else if (!staleAvailable) {
        if (surge > 0) plan.create.push(name);
        else plan.remove.push(stale);
      } else candidates.push({ node: name, pod: stale });
    }
    if (surge > 0)
      pushAll(
        plan.create,
        candidates.slice(0, Math.max(0, surge - surging)).map(({ node }) => node),
      );
    else
      pushAll(
        plan.remove,
        candidates.slice(0, Math.max(0, unavailable - down)).map(({ pod }) => pod),
      );
  }

  async #apply(
    key: string,
    set: DaemonSet,
    revision: ControllerRevision,
    plan: Plan,
    signal: AbortSignal,
  ): Promise<void> {
    const create = plan.create.slice(0, burst);
    const remove = plan.remove.slice(0, burst);
    if (create.length + remove.length === 0) return;
    this.#expectations.expect(key, create.length, remove.map(keyOf));
    const generation = set.metadata?.annotations?.[generationAnnotation];
    const { successes, error } = await slowStartBatch(create.length, 1, async (at) => {
      await this.#podControl.create(set, set.spec?.template, signal, (pod) => {
        bindToNode(pod, create[at] ?? "");
        const labels = { ...pod.metadata?.labels, [revisionHashLabel]: hashOf(revision) };
        pod.metadata = {
          ...pod.metadata,
          labels: generation === undefined ? labels : { ...labels, "pod-template-generation": generation },
        };
      });
    });
    for (let skipped = create.length - successes; skipped > 0; skipped--) this.#expectations.creationObserved(key);
    const removed = await Promise.allSettled(
      remove.map(async (pod) => {
        try {
          await this.#podControl.delete(set, pod, signal);
        } catch (failure) {
          this.#expectations.deletionObserved(key, keyOf(pod));
          throw failure;
        }
      }),
    );
    const failure = error ?? removed.find((result) => result.status === "rejected")?.reason;
    if (failure !== undefined) throw failure;
  }

  async #updateStatus(set: DaemonSet, pods: readonly Pod[], hash: string, signal: AbortSignal): Promise<void> {
    const nowMs = this.#context.clock.now();
    const byNode = Map.groupBy(pods, nodeNameOf);
    const count = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 };
    for (const node of this.#nodes.lister.list()) {
      const { shouldRun } = nodeWants(set, node);
      const here = byNode.get(node.metadata?.name ?? "") ?? [];
      if (!shouldRun) {
        if (here.length > 0) count.misscheduled++;
        continue;
      }
      count.desired++;
      if (here.length === 0) continue;
      count.current++;
      const created = (pod: Pod) => parseTime(pod.metadata?.creationTimestamp);
      const pod = [...here].sort((a, b) => Number(isPodReady(b)) - Number(isPodReady(a)) || created(a) - created(b))[0];
      if (pod === undefined) continue;
      if (isPodReady(pod)) count.ready++;
      if (isPodReady(pod) && isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs)) count.available++;
      if (pod.metadata?.labels?.[revisionHashLabel] === hash) count.updated++;
    }
    const { conditions, collisionCount } = set.status ?? {};
    const status: NonNullable<DaemonSet["status"]> = {
      currentNumberScheduled: count.current,
      numberMisscheduled: count.misscheduled,
      desiredNumberScheduled: count.desired,
      numberReady: count.ready,
      ...nonZero({
        observedGeneration: set.metadata?.generation,
        updatedNumberScheduled: count.updated,
        numberAvailable: count.available,
        numberUnavailable: count.desired - count.available,
      }),
      ...(conditions === undefined ? {} : { conditions }),
      ...(collisionCount === undefined ? {} : { collisionCount }),
    };
    if (deepEqual(status, set.status)) return;
    await this.#context.client.resource(daemonSets).updateStatus({ ...clone(set), status }, { signal });
  }
}

export const daemonSetController: ControllerDefinition = {
  name: "daemonset-controller",
  serviceAccount: "daemon-set-controller",
  create: (context) => new DaemonSetController(context),
};
