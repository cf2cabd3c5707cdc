/** Rolls Deployments out through ReplicaSets. Behaviour of upstream's pkg/controller/deployment. */

import { type Deployment, deployments, type Pod, pods, type ReplicaSet, replicaSets } from "@kubets/api";
import { clone, type KubeObject, keyOf, selectorFromLabelSelector } from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { claimable, controllerIndex, indexByController } from "../runtime/controller-index.ts";
import { controllerOf, refersTo } from "../runtime/controller-ref.ts";
import { claimObjects } from "../runtime/controller-ref-manager.ts";
import { Rollout } from "./rollout.ts";

class DeploymentController implements Runnable {
  readonly #context: ControllerContext;
  readonly #deployments: Informer<Deployment>;
  readonly #sets: Informer<ReplicaSet>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: EventRecorder;
  readonly #controller: Controller;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#deployments = context.informers.informer(deployments);
    this.#sets = context.informers.informer(replicaSets);
    this.#pods = context.informers.informer(pods);
    this.#recorder = context.recorder("deployment-controller");
    this.#controller = new Controller({
      name: "deployment-controller",
      queueName: "deployment",
      reconcile: (key, signal) => this.reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    this.#sets.addIndex(controllerIndex, indexByController);
    this.#pods.addIndex(controllerIndex, indexByController);
    this.#watch();
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const deployment = this.#deployments.lister.getByKey(key);
    if (deployment === undefined) return undefined;
    const selector = selectorFromLabelSelector(deployment.spec?.selector);
    if (selector.requirements.length === 0 && !selector.matchesNothing) return await this.#refuse(deployment, signal);
    const { client, clock } = this.#context;
    const owned = await claimObjects(claimable(this.#sets.lister, deployment), {
      client,
      resource: replicaSets,
      owner: deployment,
      ownerResource: deployments,
      selector,
      signal,
    });
    const podsOf = (set: ReplicaSet) => this.#pods.lister.byIndex(controllerIndex, set.metadata?.uid ?? "");
    return await new Rollout(deployment, owned, {
      client,
      recorder: this.#recorder,
      nowMs: clock.now(),
      signal,
      podsOf,
    }).run();
  }

  async #refuse(deployment: Deployment, signal: AbortSignal): Promise<undefined> {
    const message = "This deployment is selecting all pods. A non-empty selector is required.";
    this.#recorder.event(deployment, "Warning", "SelectingAll", message);
    const generation = deployment.metadata?.generation ?? 0;
    if ((deployment.status?.observedGeneration ?? 0) >= generation) return;
    const copy = clone(deployment);
    copy.status = { ...copy.status, observedGeneration: generation };
    await this.#context.client.resource(deployments).updateStatus(copy, { signal });
  }

  #watch(): void {
    const enqueue = (deployment: Deployment) => this.#controller.enqueue(keyOf(deployment));
    this.#deployments.addHandler({ add: enqueue, update: (_, deployment) => enqueue(deployment), delete: enqueue });
    this.#sets.addHandler({
      add: (set) => this.#setChanged(set),
      update: (old, set) => {
        if (old.metadata?.resourceVersion === set.metadata?.resourceVersion) return;
        const oldKey = this.#deploymentKey(old);
        if (oldKey !== undefined && oldKey !== this.#deploymentKey(set)) this.#controller.enqueue(oldKey);
        this.#setChanged(set);
      },
      delete: (set) => this.#enqueueOwner(set),
    });
    // Recreate goes on when the last old pod is gone; nothing else here depends on single pods.
    this.#pods.addHandler({ delete: (pod) => this.#podDeleted(pod) });
  }

  #setChanged(set: ReplicaSet): void {
    if (controllerOf(set) !== undefined) return this.#enqueueOwner(set);
    for (const deployment of this.#deployments.lister.list(set.metadata?.namespace ?? "")) {
      const selector = selectorFromLabelSelector(deployment.spec?.selector);
      if (selector.requirements.length > 0 && selector.matches(set.metadata?.labels ?? {})) {
        this.#controller.enqueue(keyOf(deployment));
      }
    }
  }

  #podDeleted(pod: Pod): void {
    const reference = controllerOf(pod);
    if (reference === undefined || !refersTo(reference, replicaSets)) return;
    const set = this.#sets.lister.get(pod.metadata?.namespace, reference.name);
    const key = set?.metadata?.uid === reference.uid && set !== undefined ? this.#deploymentKey(set) : undefined;
    if (key === undefined || this.#deployments.lister.getByKey(key)?.spec?.strategy?.type !== "Recreate") return;
    this.#controller.enqueue(key);
  }

  #enqueueOwner(set: ReplicaSet): void {
    const key = this.#deploymentKey(set);
    if (key !== undefined) this.#controller.enqueue(key);
  }

  #deploymentKey(object: KubeObject): string | undefined {
    const reference = controllerOf(object);
    if (reference === undefined || !refersTo(reference, deployments)) return undefined;
    const deployment = this.#deployments.lister.get(object.metadata?.namespace, reference.name);
    return deployment?.metadata?.uid === reference.uid && deployment !== undefined ? keyOf(deployment) : undefined;
  }
}

export const deploymentController: ControllerDefinition = {
  name: "deployment-controller",
  serviceAccount: "deployment-controller",
  create: (context) => new DeploymentController(context),
};
