/** Keeps PodDisruptionBudgets up to date, for evictions to be granted or refused by. Behaviour of upstream's pkg/controller/disruption. */

import {
  deployments,
  type Pod,
  type PodDisruptionBudget,
  podDisruptionBudgets,
  pods as podResource,
  replicaSets,
  replicationControllers,
  statefulSets,
} from "@kubets/api";
import {
  clone,
  deepEqual,
  type KubeObject,
  keyOf,
  messageOf,
  type OwnerReference,
  selectorFromLabelSelector,
} from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { controllerOf, refersTo } from "../runtime/controller-ref.ts";
import { discover } from "../runtime/discovery.ts";
import { disruptionStatus, needsScale, pendingDisruptions } from "./disruption-status.ts";

interface Scaled extends KubeObject {
  spec?: { replicas?: number };
}

class DisruptionController implements Runnable {
  readonly #context: ControllerContext;
  readonly #budgets: Informer<PodDisruptionBudget>;
  readonly #pods: Informer<Pod>;
  readonly #scaled: readonly Informer<Scaled>[];
  readonly #recorder: EventRecorder;
  readonly #controller: Controller;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#recorder = context.recorder("controllermanager");
    const { informers } = context;
    this.#budgets = informers.informer(podDisruptionBudgets);
    this.#pods = informers.informer(podResource);
    this.#scaled = [
      informers.informer(replicaSets),
      informers.informer(deployments),
      informers.informer(statefulSets),
      informers.informer(replicationControllers),
    ] as unknown as readonly Informer<Scaled>[];
    this.#controller = new Controller({
      name: "disruption-controller",
      queueName: "disruption",
      reconcile: (key, signal) => this.#reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    const enqueue = (budget: PodDisruptionBudget) => this.#controller.enqueue(keyOf(budget));
    this.#budgets.addHandler({ add: enqueue, update: (_, budget) => enqueue(budget) });
    const ofPod = (pod: Pod) => {
      for (const budget of this.#budgets.lister.list(pod.metadata?.namespace ?? "")) {
        if (selectorFromLabelSelector(budget.spec?.selector).matches(pod.metadata?.labels ?? {})) enqueue(budget);
      }
    };
    this.#pods.addHandler({
      add: ofPod,
      update: (old, pod) => {
        ofPod(pod);
        if (!deepEqual(old.metadata?.labels, pod.metadata?.labels)) ofPod(old);
      },
      delete: ofPod,
    });
    const resized = (old: Scaled, object: Scaled) => {
      if (old.spec?.replicas === object.spec?.replicas) return;
      for (const budget of this.#budgets.lister.list(object.metadata?.namespace ?? ""))
        if (needsScale(budget)) enqueue(budget);
    };
    for (const informer of this.#scaled) informer.addHandler({ update: resized });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const budget = this.#budgets.lister.getByKey(key);
    if (budget === undefined) return undefined;
    const selector = selectorFromLabelSelector(budget.spec?.selector);
    const all = this.#pods.lister.list(budget.metadata?.namespace ?? "");
    const pods = all.filter((pod) => selector.matches(pod.metadata?.labels ?? {}));
    if (pods.length === 0) this.#recorder.event(budget, "Normal", "NoPods", "No matching pods found");
    const nowMs = this.#context.clock.now();
    const disruptions = pendingDisruptions(budget, pods, nowMs);
    for (const pod of disruptions.notDeleted) {
      const message = `Pod was expected by PDB ${key} to be deleted but it wasn't`;
      this.#recorder.event(pod, "Warning", "NotDeleted", message);
    }
    let scale = 0;
    try {
      if (needsScale(budget)) scale = await this.#scaleOf(pods, signal);
    } catch (error) {
      const message = `Failed to calculate the number of expected pods: ${messageOf(error)}`;
      this.#recorder.event(budget, "Warning", "CalculateExpectedPodCountFailed", message);
      throw error;
    }
    const status = disruptionStatus(budget, pods, scale, disruptions, nowMs);
    if (!deepEqual(status, budget.status)) {
      await this.#context.client.resource(podDisruptionBudgets).updateStatus({ ...clone(budget), status }, { signal });
    }
    return disruptions.recheckMs === undefined ? undefined : { requeueAfterMs: disruptions.recheckMs };
  }

  /** What the controllers of these pods want together, each counted once; a Deployment in place of its ReplicaSets. */
  async #scaleOf(pods: readonly Pod[], signal: AbortSignal): Promise<number> {
    const scales = new Map<string, number>();
    for (const pod of pods) {
      const reference = controllerOf(pod);
      if (reference === undefined || scales.has(reference.uid)) continue;
      const found = this.#find(pod, reference);
      const above = found && controllerOf(found);
      const top = above && found ? this.#find(found, above) : undefined;
      if (top !== undefined) scales.set(top.metadata?.uid ?? "", top.spec?.replicas ?? 1);
      else if (found !== undefined) scales.set(reference.uid, found.spec?.replicas ?? 1);
      else scales.set(reference.uid, await this.#scaleSubresource(pod, reference, signal));
    }
    return [...scales.values()].reduce((sum, scale) => sum + scale, 0);
  }

  #find(object: KubeObject, reference: OwnerReference): Scaled | undefined {
    const informer = this.#scaled.find(({ resource }) => refersTo(reference, resource));
    const found = informer?.lister.get(object.metadata?.namespace, reference.name);
    return found?.metadata?.uid === reference.uid ? found : undefined;
  }

  /** Any other kind says how many it wants through its scale. */
  async #scaleSubresource(pod: Pod, reference: OwnerReference, signal: AbortSignal): Promise<number> {
    const { resources } = await discover(this.#context.client, signal);
    const resource = resources.find((candidate) => refersTo(reference, candidate));
    if (resource === undefined)
      throw new Error(`${reference.apiVersion} ${reference.kind} does not implement the scale subresource`);
    const client = this.#context.client.resource(resource).namespace(pod.metadata?.namespace ?? "");
    const scale = await client.getSubresource<Scaled>(reference.name, "scale", { signal });
    return scale.spec?.replicas ?? 0;
  }
}

export const disruptionController: ControllerDefinition = {
  name: "disruption-controller",
  serviceAccount: "disruption-controller",
  create: (context) => new DisruptionController(context),
};
