/** Pods with names that last, made and removed in order. Behaviour of upstream's pkg/controller/statefulset. */

import {
  type ControllerRevision,
  type Pod,
  persistentVolumeClaims,
  pods as podResource,
  type StatefulSet,
  statefulSets,
} from "@kubets/api";
import {
  clone,
  deepEqual,
  isAlreadyExists,
  isNotFound,
  keyOf,
  messageOf,
  selectorFromLabelSelector,
} from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, isNamespaceTerminating, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { ControllerHistory, templateOf } from "../runtime/controller-history.ts";
import { claimable, controllerIndex, indexByController } from "../runtime/controller-index.ts";
import { controllerOf, refersTo } from "../runtime/controller-ref.ts";
import { claimObjects } from "../runtime/controller-ref-manager.ts";
import { nonZero } from "../runtime/counts.ts";
import { scaledValue } from "../runtime/int-or-string.ts";
import { isPodAvailable, isPodReady, isPodTerminal, isPodTerminating, nextAvailabilityMs } from "../runtime/pods.ts";
import { WriteTracker } from "../runtime/write-tracker.ts";
import { claimsFor, firstOrdinal, ordinalOf, podFor, podName, revisionOf } from "./stateful-pods.ts";

/** One look at a set: which revisions there are and which pods. */
interface Pass {
  readonly set: StatefulSet;
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  /** By ordinal; only those within the wanted range. */
  readonly wanted: ReadonlyMap<number, Pod>;
  /** Beyond it, highest first. */
  readonly condemned: readonly Pod[];
  readonly parallel: boolean;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

const staleMs = 10_000;

class StatefulSetController implements Runnable {
  readonly #context: ControllerContext;
  readonly #sets: Informer<StatefulSet>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: EventRecorder;
  readonly #history: ControllerHistory;
  readonly #tracker = new WriteTracker();
  readonly #controller: Controller;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#recorder = context.recorder("statefulset-controller");
    this.#sets = context.informers.informer(statefulSets);
    this.#pods = context.informers.informer(podResource);
    this.#history = new ControllerHistory(context.client, context.informers, statefulSets);
    this.#controller = new Controller({
      name: "statefulset-controller",
      queueName: "statefulset",
      reconcile: (key, signal) => this.#reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    this.#pods.addIndex(controllerIndex, indexByController);
    const enqueue = (set: StatefulSet) => this.#controller.enqueue(keyOf(set));
    this.#sets.addHandler({ add: enqueue, update: (_, set) => enqueue(set), delete: enqueue });
    this.#pods.addHandler({
      add: (pod) => this.#podChanged(pod),
      update: (_, pod) => this.#podChanged(pod),
      delete: (pod) => this.#podChanged(pod, true),
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  #podChanged(pod: Pod, gone = false): void {
    const reference = controllerOf(pod);
    if (reference === undefined) {
      for (const set of this.#sets.lister.list(pod.metadata?.namespace ?? "")) {
        const matches = selectorFromLabelSelector(set.spec?.selector).matches(pod.metadata?.labels ?? {});
        if (matches && ordinalOf(set, pod) !== undefined) this.#controller.enqueue(keyOf(set));
      }
      return;
    }
    if (!refersTo(reference, statefulSets)) return;
    const key = `${pod.metadata?.namespace}/${reference.name}`;
    if (gone) this.#tracker.forget(key, pod);
    else this.#tracker.observed(key, pod);
    this.#controller.enqueue(key);
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const set = this.#sets.lister.getByKey(key);
    if (set === undefined) {
      this.#tracker.forget(key);
      return undefined;
    }
    if (this.#tracker.isStale(key)) {
      // Comes again with the event; the time is for one that got lost.
      this.#context.clock.setTimeout(() => this.#tracker.forget(key), staleMs, { unref: true });
      return { requeueAfterMs: staleMs + 1 };
    }
    const pods = await this.#claim(set, signal);
    const { current: update, old } = await this.#history.sync(set, signal, async (collisionCount) => {
      const next = clone(set);
      next.status = { ...(next.status ?? { replicas: 0 }), collisionCount };
      await this.#context.client.resource(statefulSets).updateStatus(next, { signal });
    });
    const current = old.find(({ metadata }) => metadata?.name === set.status?.currentRevision) ?? update;
    const pass = this.#passOf(set, current, update, pods, signal);
    if (set.metadata?.deletionTimestamp === undefined) await this.#work(pass);
    await this.#updateStatus(pass, pods);
    const live = new Set([...pods.map(revisionOf), current.metadata?.name ?? ""]);
    await this.#history.trim(set, old, live, signal);
    const wait = nextAvailabilityMs(pods, set.spec?.minReadySeconds ?? 0, pass.nowMs);
    return wait === undefined ? undefined : { requeueAfterMs: wait };
  }

  async #claim(set: StatefulSet, signal: AbortSignal): Promise<Pod[]> {
    return await claimObjects(claimable(this.#pods.lister, set), {
      client: this.#context.client,
      resource: podResource,
      owner: set,
      ownerResource: statefulSets,
      selector: selectorFromLabelSelector(set.spec?.selector),
      signal,
      filter: (pod) => ordinalOf(set, pod) !== undefined,
    });
  }

  #passOf(
    set: StatefulSet,
    current: ControllerRevision,
    update: ControllerRevision,
    pods: readonly Pod[],
    signal: AbortSignal,
  ): Pass {
    const first = firstOrdinal(set);
    const end = first + (set.spec?.replicas ?? 1);
    const wanted = new Map<number, Pod>();
    const condemned: { ordinal: number; pod: Pod }[] = [];
    for (const pod of pods) {
      const ordinal = ordinalOf(set, pod);
      if (ordinal === undefined) continue;
      if (ordinal >= first && ordinal < end) wanted.set(ordinal, pod);
      else condemned.push({ ordinal, pod });
    }
    condemned.sort((a, b) => b.ordinal - a.ordinal);
    const parallel = set.spec?.podManagementPolicy === "Parallel";
    const nowMs = this.#context.clock.now();
    return { set, current, update, wanted, condemned: condemned.map(({ pod }) => pod), parallel, nowMs, signal };
  }

  async #work(pass: Pass): Promise<void> {
    if (!(await this.#grow(pass))) return;
    if (!(await this.#shrink(pass))) return;
    await this.#roll(pass);
  }

  /** Brings every wanted pod into being, in order. False when this pass ends here. */
  async #grow(pass: Pass): Promise<boolean> {
    const { set, wanted, parallel, signal } = pass;
    const first = firstOrdinal(set);
    let complete = true;
    for (let ordinal = first; ordinal < first + (set.spec?.replicas ?? 1); ordinal++) {
      const pod = wanted.get(ordinal);
      if (pod !== undefined && isPodTerminal(pod)) {
        const verb = pod.status?.phase === "Failed" ? "failed" : "completed";
        if (!isPodTerminating(pod)) {
          const message = `StatefulSet ${keyOf(set)} is recreating ${verb} Pod ${pod.metadata?.name}`;
          if (verb === "failed") this.#recorder.event(set, "Warning", "RecreatingFailedPod", message);
          else this.#recorder.event(set, "Normal", "RecreatingTerminatedPod", message);
          await this.#delete(pass, pod);
        }
        complete = false;
        if (!parallel) return false;
      } else if (pod === undefined) {
        await this.#create(pass, ordinal);
        complete = false;
        if (!parallel) return false;
      } else {
        await this.#ensureClaims(set, ordinal, signal);
        const ready = isPodReady(pod) && isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, pass.nowMs);
        if (!parallel && (isPodTerminating(pod) || !ready)) return false;
      }
    }
    return complete || parallel;
  }

  /** Removes pods beyond the range, the last first, one at a time unless parallel. */
  async #shrink(pass: Pass): Promise<boolean> {
    for (const pod of pass.condemned) {
      if (isPodTerminating(pod)) {
        if (!pass.parallel) return false;
        continue;
      }
      await this.#delete(pass, pod);
      if (!pass.parallel) return false;
    }
    return true;
  }

  /** Replaces pods of the old revision from the last to the partition, as far as availability allows. */
  async #roll(pass: Pass): Promise<void> {
    const { set, wanted, update } = pass;
    if (set.spec?.updateStrategy?.type === "OnDelete") return;
    const { partition = 0, maxUnavailable = 1 } = set.spec?.updateStrategy?.rollingUpdate ?? {};
    const replicas = set.spec?.replicas ?? 1;
    const budget = Math.max(1, scaledValue(maxUnavailable, replicas, true));
    const first = firstOrdinal(set);
    let unavailable = 0;
    const ordinals = [...wanted.keys()].sort((a, b) => b - a);
    const healthy = (pod: Pod) =>
      !isPodTerminating(pod) && isPodReady(pod) && isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, pass.nowMs);
    for (const pod of wanted.values()) if (!healthy(pod)) unavailable++;
    for (const ordinal of ordinals) {
      const pod = wanted.get(ordinal);
      if (pod === undefined || ordinal < first + partition || isPodTerminating(pod)) continue;
      if (revisionOf(pod) === update.metadata?.name) continue;
      // One that is down already costs nothing to replace.
      if (healthy(pod) && unavailable++ >= budget) return;
      await this.#delete(pass, pod);
    }
  }

  async #create(pass: Pass, ordinal: number): Promise<void> {
    const { set, signal } = pass;
    const revision = this.#revisionFor(pass, ordinal);
    const pod = podFor(set, templateOf(revision) ?? set.spec?.template ?? {}, revision.metadata?.name ?? "", ordinal);
    const name = podName(set, ordinal);
    try {
      await this.#ensureClaims(set, ordinal, signal);
      const created = await this.#context.client.resource(podResource).create(pod, { signal });
      this.#track(keyOf(set), created);
      this.#recorder.event(
        set,
        "Normal",
        "SuccessfulCreate",
        `create Pod ${name} in StatefulSet ${set.metadata?.name} successful`,
      );
    } catch (error) {
      // The name is a dying predecessor's, or the cache is behind: the event of either comes.
      if (isAlreadyExists(error)) return;
      if (!isNamespaceTerminating(error) && !signal.aborted) {
        const message = `create Pod ${name} in StatefulSet ${set.metadata?.name} failed error: ${messageOf(error)}`;
        this.#recorder.event(set, "Warning", "FailedCreate", message);
      }
      throw error;
    }
  }

  #track(key: string, pod: Pod): void {
    const seen = this.#pods.lister.getByKey(keyOf(pod));
    if (seen?.metadata?.uid !== pod.metadata?.uid) this.#tracker.wrote(key, pod);
  }

  /** Below the partition pods keep the old template. */
  #revisionFor({ set, current, update }: Pass, ordinal: number): ControllerRevision {
    if (set.spec?.updateStrategy?.type === "OnDelete") return update;
    const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    return ordinal < firstOrdinal(set) + partition ? current : update;
  }

  async #delete({ set, signal }: Pass, pod: Pod): Promise<void> {
    const { namespace = "", name = "", uid } = pod.metadata ?? {};
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    const where = `Pod ${name} in StatefulSet ${set.metadata?.name}`;
    try {
      await this.#context.client
        .resource(podResource)
        .namespace(namespace)
        .delete(name, { ...preconditions, signal });
      this.#recorder.event(set, "Normal", "SuccessfulDelete", `delete ${where} successful`);
    } catch (error) {
      if (isNotFound(error)) return;
      this.#recorder.event(set, "Warning", "FailedDelete", `delete ${where} failed error: ${messageOf(error)}`);
      throw error;
    }
  }

  async #ensureClaims(set: StatefulSet, ordinal: number, signal: AbortSignal): Promise<void> {
    if ((set.spec?.volumeClaimTemplates ?? []).length === 0) return;
    const lister = this.#context.informers.informer(persistentVolumeClaims).lister;
    for (const claim of claimsFor(set, ordinal)) {
      if (lister.getByKey(keyOf(claim)) !== undefined) continue;
      try {
        await this.#context.client.resource(persistentVolumeClaims).create(claim, { signal });
        const name = `${claim.metadata?.name} Pod ${podName(set, ordinal)}`;
        this.#recorder.event(
          set,
          "Normal",
          "SuccessfulCreate",
          `create Claim ${name} in StatefulSet ${set.metadata?.name} success`,
        );
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
  }

  async #updateStatus(pass: Pass, pods: readonly Pod[]): Promise<void> {
    const { set, current, update, nowMs, signal } = pass;
    const [currentName = "", updateName = ""] = [current.metadata?.name, update.metadata?.name];
    const living = pods.filter((pod) => !isPodTerminating(pod) && !isPodTerminal(pod));
    const count = (of: readonly Pod[], test: (pod: Pod) => boolean) => of.filter(test).length;
    const ready = pods.filter(isPodReady);
    const updated = count(living, (pod) => revisionOf(pod) === updateName);
    const old = count(living, (pod) => revisionOf(pod) === currentName);
    const replicas = set.spec?.replicas ?? 1;
    const rolling = set.spec?.updateStrategy?.type !== "OnDelete";
    // The update is over when every pod is of it and ready: what was new is now what is.
    const done = rolling && updated === replicas && ready.length === replicas && pods.length === replicas;
    const { conditions, collisionCount } = set.status ?? {};
    const status: NonNullable<StatefulSet["status"]> = {
      replicas: pods.length,
      ...nonZero({
        observedGeneration: set.metadata?.generation,
        readyReplicas: ready.length,
        currentReplicas: done ? updated : old,
        updatedReplicas: updated,
      }),
      availableReplicas: count(ready, (pod) => isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs)),
      currentRevision: done ? updateName : currentName,
      updateRevision: updateName,
      collisionCount: collisionCount ?? 0,
      ...(conditions === undefined ? {} : { conditions }),
    };
    if (deepEqual(status, set.status)) return;
    await this.#context.client.resource(statefulSets).updateStatus({ ...clone(set), status }, { signal });
  }
}

export const statefulSetController: ControllerDefinition = {
  name: "statefulset-controller",
  serviceAccount: "statefulset-controller",
  create(context) {
    context.informers.informer(persistentVolumeClaims);
    return new StatefulSetController(context);
  },
};
