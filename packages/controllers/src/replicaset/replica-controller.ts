/** Keeps as many pods as a ReplicaSet (or ReplicationController) wants. Behaviour of upstream's pkg/controller/replicaset. */

import { type Pod, pods as podResource } from "@kubets/api";
import { isConflict, isNotFound, keyOf, splitKey } from "@kubets/apimachinery";
import type { Informer } from "@kubets/client";
import type { ControllerContext } from "../runtime/context.ts";
import { Controller, isNamespaceTerminating, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { claimable, controllerIndex, indexByController } from "../runtime/controller-index.ts";
import { controllerOf, isControlledBy, refersTo } from "../runtime/controller-ref.ts";
import { claimObjects } from "../runtime/controller-ref-manager.ts";
import { Expectations } from "../runtime/expectations.ts";
import { PodControl } from "../runtime/pod-control.ts";
import { type RankedPod, sortForDeletion } from "../runtime/pod-ranking.ts";
import { isPodActive, isPodReady, isPodTerminal, isPodTerminating, nextAvailabilityMs } from "../runtime/pods.ts";
import { slowStartBatch } from "../runtime/slow-start.ts";
import type { ReplicaKind, ReplicaOwner } from "./replica-owner.ts";
import { replicaStatus, sameReplicaStatus } from "./replica-status.ts";

/** The most pods created or deleted for one owner in one pass. */
const burstReplicas = 500;

export class ReplicaController implements Runnable {
  readonly #context: ControllerContext;
  readonly #kind: ReplicaKind;
  readonly #owners: Informer<ReplicaOwner>;
  readonly #pods: Informer<Pod>;
  readonly #podControl: PodControl;
  readonly #expectations: Expectations;
  readonly #controller: Controller;

  constructor(context: ControllerContext, kind: ReplicaKind) {
    this.#context = context;
    this.#kind = kind;
    this.#owners = context.informers.informer(kind.resource);
    this.#pods = context.informers.informer(podResource);
    this.#podControl = new PodControl(context.client, context.recorder(kind.component), kind.resource);
    this.#expectations = new Expectations(context.clock);
    this.#controller = new Controller({
      name: kind.component,
      queueName: kind.queueName,
      reconcile: (key, signal) => this.reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    this.#pods.addIndex(controllerIndex, indexByController);
    this.#owners.addIndex(controllerIndex, indexByController);
    this.#watch();
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const owner = this.#owners.lister.getByKey(key);
    if (owner === undefined) {
      this.#expectations.forget(key);
      return undefined;
    }
    const satisfied = this.#expectations.satisfied(key);
    const { active, terminating } = await this.#claim(owner, signal);
    let error: unknown;
    if (satisfied && owner.metadata?.deletionTimestamp === undefined)
      error = await this.#manage(key, owner, active, signal);
    const nowMs = this.#context.clock.now();
    const reportsTerminating = this.#kind.resource.group === "apps";
    const status = replicaStatus({
      owner,
      pods: active,
      terminating: reportsTerminating ? terminating : undefined,
      error,
      nowMs,
    });
    await this.#updateStatus(owner, status, signal);
    if (error !== undefined) throw error;
    // The event that would meet the expectations may never come.
    if (!satisfied) return { requeueAfterMs: this.#expectations.remainingMs(key) };
    const wait = nextAvailabilityMs(active, owner.spec?.minReadySeconds ?? 0, nowMs);
    return wait === undefined ? undefined : { requeueAfterMs: wait };
  }

  async #claim(owner: ReplicaOwner, signal: AbortSignal): Promise<{ active: Pod[]; terminating: number }> {
    const candidates = claimable(this.#pods.lister, owner);
    const active = await claimObjects(candidates.filter(isPodActive), {
      client: this.#context.client,
      resource: podResource,
      owner,
      ownerResource: this.#kind.resource,
      selector: this.#kind.selectorOf(owner),
      signal,
    });
    const terminating = candidates.filter(
      (pod) => isPodTerminating(pod) && !isPodTerminal(pod) && isControlledBy(pod, owner),
    );
    return { active, terminating: terminating.length };
  }

  /** Creates or deletes what is missing or too much; gives the failure, for the status to show. */
  async #manage(key: string, owner: ReplicaOwner, active: readonly Pod[], signal: AbortSignal): Promise<unknown> {
    const missing = (owner.spec?.replicas ?? 1) - active.length;
    if (missing > 0) return await this.#create(key, owner, Math.min(missing, burstReplicas), signal);
    if (missing < 0) return await this.#delete(key, owner, active, Math.min(-missing, burstReplicas), signal);
    return undefined;
  }

  async #create(key: string, owner: ReplicaOwner, count: number, signal: AbortSignal): Promise<unknown> {
    this.#expectations.expectCreations(key, count);
    const { successes, error } = await slowStartBatch(count, 1, async () => {
      try {
        await this.#podControl.create(owner, owner.spec?.template, signal);
      } catch (failure) {
        // Nothing can be created there any more, and soon nothing will be wanted.
        if (!isNamespaceTerminating(failure)) throw failure;
        this.#expectations.creationObserved(key);
      }
    });
    for (let skipped = count - successes; skipped > 0; skipped--) this.#expectations.creationObserved(key);
    return error;
  }

  async #delete(
    key: string,
    owner: ReplicaOwner,
    active: readonly Pod[],
    count: number,
    signal: AbortSignal,
  ): Promise<unknown> {
    const chosen = this.#choose(owner, active, count);
    this.#expectations.expectDeletions(key, chosen.map(keyOf));
    const results = await Promise.allSettled(
      chosen.map(async (pod) => {
        try {
          await this.#podControl.delete(owner, pod, signal);
        } catch (error) {
          this.#expectations.deletionObserved(key, keyOf(pod));
          throw error;
        }
      }),
    );
    return results.find((result) => result.status === "rejected")?.reason;
  }

  #choose(owner: ReplicaOwner, active: readonly Pod[], count: number): Pod[] {
    if (count >= active.length) return [...active];
    const perNode = new Map<string, number>();
    for (const pod of this.#related(owner)) {
      if (isPodActive(pod)) perNode.set(pod.spec?.nodeName ?? "", (perNode.get(pod.spec?.nodeName ?? "") ?? 0) + 1);
    }
    const ranked: RankedPod[] = active.map((pod) => ({ pod, rank: perNode.get(pod.spec?.nodeName ?? "") ?? 0 }));
    return sortForDeletion(ranked, this.#context.clock.now()).slice(0, count);
  }

  /** Pods of all owners with the same controller: the other ReplicaSets of a Deployment count when nodes are compared. */
  #related(owner: ReplicaOwner): Pod[] {
    const controller = controllerOf(owner);
    const owners = controller === undefined ? [owner] : this.#owners.lister.byIndex(controllerIndex, controller.uid);
    return owners.flatMap(({ metadata }) => this.#pods.lister.byIndex(controllerIndex, metadata?.uid ?? ""));
  }

  async #updateStatus(
    owner: ReplicaOwner,
    status: ReturnType<typeof replicaStatus>,
    signal: AbortSignal,
  ): Promise<void> {
    if (sameReplicaStatus(owner.status, status)) return;
    const client = this.#context.client.resource(this.#kind.resource).namespace(owner.metadata?.namespace ?? "");
    try {
      await client.updateStatus({ ...owner, status }, { signal });
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error;
      // Once more on the newest; a second loss is left to the next pass.
      const fresh = await client.get(owner.metadata?.name ?? "", { signal });
      if (fresh.metadata?.uid === owner.metadata?.uid) await client.updateStatus({ ...fresh, status }, { signal });
    }
  }

  #watch(): void {
    this.#owners.addHandler({
      add: (owner) => this.#controller.enqueue(keyOf(owner)),
      update: (old, owner) => {
        if (old.metadata?.uid !== owner.metadata?.uid) this.#expectations.forget(keyOf(old));
        this.#controller.enqueue(keyOf(owner));
      },
      delete: (owner) => {
        this.#expectations.forget(keyOf(owner));
        this.#controller.enqueue(keyOf(owner));
      },
    });
    this.#pods.addHandler({
      add: (pod) => this.#podAdded(pod),
      update: (old, pod) => this.#podUpdated(old, pod),
      delete: (pod) => this.#podDeleted(pod),
    });
  }

  #podAdded(pod: Pod): void {
    if (isPodTerminating(pod)) return this.#podDeleted(pod);
    const key = this.#ownerKey(pod);
    if (key === undefined) return this.#orphanChanged(pod);
    this.#expectations.creationObserved(key);
    this.#controller.enqueue(key);
  }

  #podUpdated(old: Pod, pod: Pod): void {
    if (old.metadata?.resourceVersion === pod.metadata?.resourceVersion) return;
    const labelsChanged = JSON.stringify(old.metadata?.labels) !== JSON.stringify(pod.metadata?.labels);
    if (isPodTerminating(pod)) {
      this.#podDeleted(pod);
      if (labelsChanged) this.#podDeleted(old);
      return;
    }
    const oldKey = this.#ownerKey(old);
    const key = this.#ownerKey(pod);
    if (oldKey !== undefined && oldKey !== key) this.#controller.enqueue(oldKey);
    if (key === undefined) {
      if (labelsChanged || controllerOf(old) !== undefined) this.#orphanChanged(pod);
      return;
    }
    this.#controller.enqueue(key);
    const minReadySeconds = this.#owners.lister.getByKey(key)?.spec?.minReadySeconds ?? 0;
    // A second later than due: the kubelet's clock and ours may differ by the rounding of times to seconds.
    if (!isPodReady(old) && isPodReady(pod) && minReadySeconds > 0)
      this.#controller.enqueueAfter(key, minReadySeconds * 1000 + 1000);
  }

  #podDeleted(pod: Pod): void {
    const key = this.#ownerKey(pod);
    if (key === undefined) return;
    this.#expectations.deletionObserved(key, keyOf(pod));
    this.#controller.enqueue(key);
  }

  #orphanChanged(pod: Pod): void {
    if (controllerOf(pod) !== undefined) return;
    for (const owner of this.#owners.lister.list(pod.metadata?.namespace ?? "")) {
      if (this.#kind.selectorOf(owner).matches(pod.metadata?.labels ?? {})) this.#controller.enqueue(keyOf(owner));
    }
  }

  /** The key of the owner a pod names, if it is one of ours and still the same object. */
  #ownerKey(pod: Pod): string | undefined {
    const reference = controllerOf(pod);
    if (reference === undefined || !refersTo(reference, this.#kind.resource)) return undefined;
    const key = keyOf({ metadata: { namespace: splitKey(keyOf(pod)).namespace ?? "", name: reference.name } });
    const owner = this.#owners.lister.getByKey(key);
    return owner?.metadata?.uid === reference.uid ? key : undefined;
  }
}
