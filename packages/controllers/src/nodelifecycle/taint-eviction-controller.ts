/** Deletes pods that do not tolerate their node's NoExecute taints, when their patience ends. Behaviour of upstream's pkg/controller/tainteviction. */

import { type Node, nodes, type Pod, pods, type Taint, type Toleration, tolerates } from "@kubets/api";
import { keyOf, parseTime } from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { deletePod, markDisrupted } from "../runtime/pod-failure.ts";
import { isPodTerminating, podNode, podNodeIndex } from "../runtime/pods.ts";

/** When a pod must go for these taints, in epoch milliseconds; Infinity for never. Pure. */
export function evictionTime(taints: readonly Taint[], tolerations: readonly Toleration[], nowMs: number): number {
  let at = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const matching = tolerations.filter((toleration) => tolerates(toleration, taint));
    if (matching.length === 0) return nowMs;
    const seconds = matching.flatMap(({ tolerationSeconds: seconds }) =>
      seconds === undefined ? [] : [Number(seconds)],
    );
    if (seconds.length === 0) continue;
    const since = parseTime(taint.timeAdded);
    at = Math.min(at, (Number.isNaN(since) ? nowMs : since) + Math.max(0, Math.min(...seconds)) * 1000);
  }
  return at;
}

class TaintEvictionController implements Runnable {
  readonly #context: ControllerContext;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: EventRecorder;
  readonly #controller: Controller;
  /** Taints without a time count from when they were first seen with the pod. */
  readonly #pending = new Map<string, number>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#recorder = context.recorder("taint-eviction-controller");
    this.#nodes = context.informers.informer(nodes);
    this.#pods = context.informers.informer(pods);
    this.#pods.addIndex(podNodeIndex, podNode);
    this.#controller = new Controller({
      name: "taint-eviction-controller",
      queueName: "noexec_taint_pod",
      reconcile: (key, signal) => this.#reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    const ofNode = (node: Node) => {
      for (const pod of this.#pods.lister.byIndex(podNodeIndex, keyOf(node))) this.#controller.enqueue(keyOf(pod));
    };
    const check = (pod: Pod) => {
      if (this.#taintsOf(pod).length > 0) this.#controller.enqueue(keyOf(pod));
    };
    this.#nodes.addHandler({
      add: ofNode,
      update: (old, node) => {
        if (JSON.stringify(noExecute(old)) !== JSON.stringify(noExecute(node))) ofNode(node);
      },
    });
    this.#pods.addHandler({
      add: check,
      update: (_, pod) => check(pod),
      delete: (pod) => this.#pending.delete(keyOf(pod)),
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  #taintsOf(pod: Pod): Taint[] {
    const node = pod.spec?.nodeName ? this.#nodes.lister.get(undefined, pod.spec.nodeName) : undefined;
    return node === undefined ? [] : noExecute(node);
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const pod = this.#pods.lister.getByKey(key);
    if (pod === undefined || isPodTerminating(pod)) {
      this.#pending.delete(key);
      return undefined;
    }
    const now = this.#context.clock.now();
    const at = evictionTime(this.#taintsOf(pod), pod.spec?.tolerations ?? [], this.#pending.get(key) ?? now);
    if (at === Number.POSITIVE_INFINITY) {
      if (this.#pending.delete(key))
        this.#recorder.event(pod, "Normal", "TaintManagerEviction", `Cancelling deletion of Pod ${key}`);
      return undefined;
    }
    if (!this.#pending.has(key)) this.#pending.set(key, now);
    if (at > now) return { requeueAfterMs: at - now };
    this.#recorder.event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${key}`);
    const disruption = { reason: "DeletionByTaintManager", message: "Taint manager: deleting due to NoExecute taint" };
    await markDisrupted(this.#context.client, pod, disruption, now, { failed: false, signal });
    await deletePod(this.#context.client, pod, signal);
    this.#pending.delete(key);
    return undefined;
  }
}

function noExecute(node: Node): Taint[] {
  return (node.spec?.taints ?? []).filter(({ effect }) => effect === "NoExecute");
}

export const taintEvictionController: ControllerDefinition = {
  name: "taint-eviction-controller",
  serviceAccount: "node-controller",
  create: (context) => new TaintEvictionController(context),
};
