/** One pass over one Deployment: everything that is written on the way to what it wants. */

import {
  type Deployment,
  type DeploymentStatus,
  deployments,
  type LabelSelector,
  type Pod,
  type PodTemplateSpec,
  podTemplateHash,
  type ReplicaSet,
  replicaSets,
} from "@kubets/api";
import { clone, deepEqual, isAlreadyExists, isNotFound, messageOf } from "@kubets/apimachinery";
import type { Client, EventRecorder } from "@kubets/client";
import { isNamespaceTerminating, type ReconcileResult } from "../runtime/controller.ts";
import { isControlledBy, newControllerRef } from "../runtime/controller-ref.ts";
import * as sets from "./replica-sets.ts";
import { annotateNewSet, annotateSizes, setDeploymentRevision } from "./revisions.ts";
import { proportionalSizes } from "./scaling.ts";
import * as status from "./status.ts";
import { podTemplateHashLabel, sameTemplate } from "./template-hash.ts";

export interface RolloutOptions {
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly nowMs: number;
  readonly signal: AbortSignal;
  /** Pods of a ReplicaSet, for Recreate, which waits for the old ones to be gone. */
  podsOf(set: ReplicaSet): readonly Pod[];
}

export class Rollout {
  readonly #options: RolloutOptions;
  /** A private copy: its status and annotations change as they are written. */
  #deployment: Deployment;
  #sets: readonly ReplicaSet[];
  #newSet: ReplicaSet | undefined;
  #oldSets: ReplicaSet[] = [];

  constructor(deployment: Deployment, owned: readonly ReplicaSet[], options: RolloutOptions) {
    this.#deployment = clone(deployment);
    this.#sets = owned;
    this.#options = options;
  }

  async run(): Promise<ReconcileResult | undefined> {
    const { metadata, spec } = this.#deployment;
    if (metadata?.deletionTimestamp !== undefined) {
      await this.#findSets(false);
      return await this.#writeStatus(this.#status());
    }
    await this.#notePause();
    if (spec?.paused || this.#isScalingEvent()) return await this.#sync();
    return sets.isRolling(this.#deployment) ? await this.#rollingUpdate() : await this.#recreate();
  }

  get #all(): ReplicaSet[] {
    return this.#newSet === undefined ? this.#oldSets : [...this.#oldSets, this.#newSet];
  }

  #status(): DeploymentStatus {
    return status.calculateStatus(this.#deployment, this.#all, this.#newSet, this.#options.nowMs);
  }

  /** A change of size, or a pause: nothing is rolled, but sizes are kept right. */
  async #sync(): Promise<ReconcileResult | undefined> {
    await this.#findSets(false);
    await this.#scale();
    if (this.#deployment.spec?.paused) await this.#cleanUp();
    return await this.#writeStatus(this.#status());
  }

  async #rollingUpdate(): Promise<ReconcileResult | undefined> {
    await this.#findSets(true);
    if (!(await this.#growNewSet()) && !(await this.#shrinkOldSets())) {
      if (status.isComplete(this.#deployment, this.#deployment.status)) await this.#cleanUp();
    }
    return await this.#writeRolloutStatus();
  }

  async #recreate(): Promise<ReconcileResult | undefined> {
    await this.#findSets(false);
    const active = sets.activeSets(this.#oldSets);
    for (const set of active) await this.#resize(set, 0);
    if (active.length > 0 || this.#oldPodsRun()) return await this.#writeRolloutStatus();
    if (this.#newSet === undefined) await this.#findSets(true);
    if (this.#newSet !== undefined) await this.#resize(this.#newSet, sets.replicasOf(this.#deployment));
    if (status.isComplete(this.#deployment, this.#deployment.status)) await this.#cleanUp();
    return await this.#writeRolloutStatus();
  }

  #oldPodsRun(): boolean {
    if (sets.actualReplicas(this.#oldSets) > 0) return true;
    const phases = this.#sets
      .filter((set) => set.metadata?.uid !== this.#newSet?.metadata?.uid)
      .flatMap((set) => this.#options.podsOf(set).map((pod) => pod.status?.phase));
    return phases.some((phase) => phase !== "Failed" && phase !== "Succeeded");
  }

  /** Time spent paused must not count against the progress deadline. */
  async #notePause(): Promise<void> {
    const current = status.conditionOf(this.#deployment.status, "Progressing");
    if (!status.hasProgressDeadline(this.#deployment) || current?.reason === "ProgressDeadlineExceeded") return;
    const paused = this.#deployment.spec?.paused === true;
    if (paused === (current?.reason === "DeploymentPaused")) return;
    const [reason, message] = paused
      ? ["DeploymentPaused", "Deployment is paused"]
      : ["DeploymentResumed", "Deployment is resumed"];
    await this.#putCondition("Unknown", reason, message);
  }

  #isScalingEvent(): boolean {
    return sets.activeSets(this.#sets).some((set) => {
      const desired = sets.annotatedNumber(set, sets.desiredReplicasAnnotation);
      return desired !== undefined && desired !== sets.replicasOf(this.#deployment);
    });
  }

  /** Sorts the owned sets into the new one and the old ones, and brings revisions up to date. */
  async #findSets(create: boolean): Promise<void> {
    this.#oldSets = sets.findOldSets(this.#deployment, this.#sets);
    const existing = sets.findNewSet(this.#deployment, this.#sets);
    const revision = sets.maxRevision(this.#oldSets) + 1n;
    if (existing !== undefined) this.#newSet = await this.#adjustNewSet(existing, revision);
    else if (create) this.#newSet = await this.#createNewSet(revision);
  }

  async #adjustNewSet(existing: ReplicaSet, revision: bigint): Promise<ReplicaSet> {
    const copy = clone(existing);
    let changed = annotateNewSet(this.#deployment, copy, revision, true);
    const minReadySeconds = this.#deployment.spec?.minReadySeconds ?? 0;
    if (copy.spec !== undefined && (copy.spec.minReadySeconds ?? 0) !== minReadySeconds) {
      copy.spec.minReadySeconds = minReadySeconds;
      changed = true;
    }
    if (changed) return await this.#replicaSetClient().update(copy, this.#write);
    const shown = copy.metadata?.annotations?.[sets.revisionAnnotation] ?? String(revision);
    let news = setDeploymentRevision(this.#deployment, shown);
    if (
      status.hasProgressDeadline(this.#deployment) &&
      status.conditionOf(this.#deployment.status, "Progressing") === undefined
    ) {
      this.#setCondition("True", "FoundNewReplicaSet", `Found new replica set "${copy.metadata?.name}"`);
      news = true;
    }
    if (news) await this.#putDeploymentStatus();
    return existing;
  }

  async #createNewSet(revision: bigint): Promise<ReplicaSet> {
    const set = this.#newSetObject(revision);
    const name = set.metadata?.name ?? "";
    let created: ReplicaSet;
    try {
      created = await this.#replicaSetClient().create(set, this.#write);
    } catch (error) {
      if (isAlreadyExists(error)) return await this.#existingOrCollision(name, revision, error);
      if (isNamespaceTerminating(error) || this.#options.signal.aborted) throw error;
      const message = `Failed to create new replica set "${name}": ${messageOf(error)}`;
      if (status.hasProgressDeadline(this.#deployment))
        await this.#putCondition("False", "ReplicaSetCreateError", message);
      this.#options.recorder.event(this.#deployment, "Warning", "ReplicaSetCreateError", message);
      throw error;
    }
    const size = sets.replicasOf(created);
    if (size > 0) this.#say(`Scaled up replica set ${name} from 0 to ${size}`);
    let news = setDeploymentRevision(this.#deployment, String(revision));
    if (status.hasProgressDeadline(this.#deployment)) {
      this.#setCondition("True", "NewReplicaSetCreated", `Created new replica set "${name}"`);
      news = true;
    }
    if (news) await this.#putDeploymentStatus();
    return created;
  }

  #newSetObject(revision: bigint): ReplicaSet {
    const deployment = this.#deployment;
    const hash = podTemplateHash(deployment.spec?.template ?? {}, deployment.status?.collisionCount);
    const template = clone(deployment.spec?.template ?? {}) as PodTemplateSpec;
    template.metadata = {
      ...template.metadata,
      labels: { ...template.metadata?.labels, [podTemplateHashLabel]: hash },
    };
    const selector = clone(deployment.spec?.selector ?? {}) as LabelSelector;
    selector.matchLabels = { ...selector.matchLabels, [podTemplateHashLabel]: hash };
    const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
    const set: ReplicaSet = {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        // Room for the hash within a label's 63 characters is upstream's concern of names, not of ours: names go to 253.
        name: `${deployment.metadata?.name?.slice(0, 253 - 1 - hash.length)}-${hash}`,
        namespace: deployment.metadata?.namespace ?? "",
        ownerReferences: [newControllerRef(deployment, deployments)],
        labels: { ...template.metadata.labels },
      },
      spec: { replicas: 0, ...(minReadySeconds > 0 ? { minReadySeconds } : {}), selector, template },
    };
    if (set.spec !== undefined) set.spec.replicas = sets.newSetSize(deployment, this.#oldSets, 0);
    annotateNewSet(deployment, set, revision, false);
    return set;
  }

  /** The name is taken: by our own set of an earlier pass that the cache does not show yet, or by another, which takes another hash. */
  async #existingOrCollision(name: string, revision: bigint, error: unknown): Promise<ReplicaSet> {
    const existing = await this.#replicaSetClient().get(name, { signal: this.#options.signal });
    const ours =
      isControlledBy(existing, this.#deployment) &&
      sameTemplate(existing.spec?.template, this.#deployment.spec?.template);
    if (ours) {
      if (setDeploymentRevision(this.#deployment, String(revision))) await this.#putDeploymentStatus();
      return existing;
    }
    this.#deployment.status = {
      ...this.#deployment.status,
      collisionCount: (this.#deployment.status?.collisionCount ?? 0) + 1,
    };
    await this.#putDeploymentStatus();
    throw error;
  }

  async #growNewSet(): Promise<boolean> {
    if (this.#newSet === undefined) return false;
    const wanted = sets.replicasOf(this.#deployment);
    const current = sets.replicasOf(this.#newSet);
    if (current === wanted) return false;
    const size = current > wanted ? wanted : sets.newSetSize(this.#deployment, this.#all, current);
    return await this.#resize(this.#newSet, size);
  }

  /** Takes from the old sets what availability allows: unhealthy pods first, for they serve nobody. */
  async #shrinkOldSets(): Promise<boolean> {
    if (this.#newSet === undefined || sets.wantedReplicas(this.#oldSets) === 0) return false;
    const floor = sets.minAvailable(this.#deployment);
    const newUnavailable = sets.replicasOf(this.#newSet) - (this.#newSet.status?.availableReplicas ?? 0);
    const budget = sets.wantedReplicas(this.#all) - floor - newUnavailable;
    if (budget <= 0) return false;
    const old = sets.activeSets(this.#oldSets).sort(sets.byCreation);
    const cleaned = await this.#shrinkEach(
      old,
      budget,
      (set) => sets.replicasOf(set) - (set.status?.availableReplicas ?? 0),
    );
    const available = sets.actualReplicas(this.#all, "availableReplicas");
    const shrunk = await this.#shrinkEach(
      sets.activeSets(this.#oldSets).sort(sets.byCreation),
      available - floor,
      sets.replicasOf,
    );
    return cleaned + shrunk > 0;
  }

  async #shrinkEach(
    old: readonly ReplicaSet[],
    budget: number,
    removable: (set: ReplicaSet) => number,
  ): Promise<number> {
    let removed = 0;
    for (const set of old) {
      const count = Math.min(budget - removed, removable(set));
      if (count <= 0) continue;
      await this.#resize(set, sets.replicasOf(set) - count);
      removed += count;
    }
    return removed;
  }

  async #scale(): Promise<void> {
    const active = sets.activeSets(this.#all);
    const single =
      active.length > 1 ? undefined : (active[0] ?? this.#newSet ?? [...this.#oldSets].sort(sets.byCreation).at(-1));
    if (active.length <= 1) {
      if (single !== undefined) await this.#resize(single, sets.replicasOf(this.#deployment), true);
      return;
    }
    if (sets.isSaturated(this.#deployment, this.#newSet)) {
      for (const set of sets.activeSets(this.#oldSets)) await this.#resize(set, 0);
      return;
    }
    if (!sets.isRolling(this.#deployment)) return;
    for (const { set, size } of proportionalSizes(this.#deployment, active)) await this.#resize(set, size, true);
  }

  /** Writes a set's size, and the size annotations with it. True when anything was written. `annotate` writes them even when the size stays. */
  async #resize(set: ReplicaSet, size: number, annotate = false): Promise<boolean> {
    const old = sets.replicasOf(set);
    const copy = clone(set);
    const annotated = annotateSizes(this.#deployment, copy);
    if (old === size && !(annotated && annotate)) return false;
    if (copy.spec !== undefined) copy.spec.replicas = size;
    const updated = await this.#replicaSetClient().update(copy, this.#write);
    if (old !== size)
      this.#say(`Scaled ${size > old ? "up" : "down"} replica set ${set.metadata?.name} from ${old} to ${size}`);
    this.#replace(updated);
    return true;
  }

  #replace(updated: ReplicaSet): void {
    const uid = updated.metadata?.uid;
    if (this.#newSet?.metadata?.uid === uid) this.#newSet = updated;
    this.#oldSets = this.#oldSets.map((set) => (set.metadata?.uid === uid ? updated : set));
  }

  /** Deletes old sets beyond the history limit, oldest revision first. */
  async #cleanUp(): Promise<void> {
    const limit = this.#deployment.spec?.revisionHistoryLimit;
    if (limit === undefined || limit === 0x7fff_ffff) return;
    const alive = this.#oldSets.filter((set) => set.metadata?.deletionTimestamp === undefined);
    alive.sort((a, b) => Number(sets.revisionOf(a) - sets.revisionOf(b)) || sets.byCreation(a, b));
    for (const set of alive.slice(0, Math.max(0, alive.length - limit))) {
      const settled = (set.metadata?.generation ?? 0) <= (set.status?.observedGeneration ?? 0);
      if (!settled || sets.replicasOf(set) !== 0 || (set.status?.replicas ?? 0) !== 0) continue;
      try {
        await this.#replicaSetClient().delete(set.metadata?.name ?? "", this.#write);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  async #writeRolloutStatus(): Promise<ReconcileResult | undefined> {
    return await this.#writeStatus(
      status.rolloutStatus(this.#deployment, this.#all, this.#newSet, this.#options.nowMs),
    );
  }

  async #writeStatus(next: DeploymentStatus): Promise<ReconcileResult | undefined> {
    if (deepEqual(next, this.#deployment.status)) {
      const wait = status.progressCheckMs(this.#deployment, next, this.#options.nowMs);
      return wait === undefined ? undefined : { requeueAfterMs: wait };
    }
    this.#deployment.status = next;
    await this.#putDeploymentStatus();
    return undefined;
  }

  #setCondition(value: string, reason: string, message: string): void {
    const condition = status.newCondition("Progressing", value, reason, message, this.#options.nowMs);
    this.#deployment.status = status.withCondition(this.#deployment.status ?? {}, condition);
  }

  async #putCondition(value: string, reason: string, message: string): Promise<void> {
    this.#setCondition(value, reason, message);
    await this.#putDeploymentStatus();
  }

  async #putDeploymentStatus(): Promise<void> {
    const client = this.#options.client.resource(deployments).namespace(this.#deployment.metadata?.namespace ?? "");
    // A copy is sent: in one process it is handed over, and this one goes on changing.
    this.#deployment = clone(await client.updateStatus(clone(this.#deployment), this.#write));
  }

  #say(message: string): void {
    this.#options.recorder.event(this.#deployment, "Normal", "ScalingReplicaSet", message);
  }

  get #write(): { signal: AbortSignal } {
    return { signal: this.#options.signal };
  }

  #replicaSetClient() {
    return this.#options.client.resource(replicaSets).namespace(this.#deployment.metadata?.namespace ?? "");
  }
}
