/**
 * Removes pods nobody will: those of nodes that are gone, those being deleted that were never scheduled, and finished ones beyond a number.
 * Behaviour of upstream's pkg/controller/podgc, by event where upstream polls every 20 s.
 */

import { isNodeReady, type Node, nodes, type Pod, pods } from "@kubets/api";
import { isNotFound, keyOf, parseTime } from "@kubets/apimachinery";
import type { Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { deletePod, markDisrupted } from "../runtime/pod-failure.ts";
import { isPodTerminal, isPodTerminating, podNode, podNodeIndex } from "../runtime/pods.ts";

/** How long a node must be missing before its pods are: it may only be registering anew. */
const quarantineMs = 40_000;
const terminatedKey = "/terminated";
const outOfServiceTaint = "node.kubernetes.io/out-of-service";

export interface PodGCOptions {
  /** Finished pods kept; upstream's `--terminated-pod-gc-threshold`. Default 12,500; 0 keeps all. */
  readonly terminatedPodThreshold?: number;
}

class PodGC implements Runnable {
  readonly #context: ControllerContext;
  readonly #threshold: number;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #controller: Controller;
  readonly #missingSince = new Map<string, number>();
  #terminated = 0;

  constructor(context: ControllerContext, options: PodGCOptions) {
    this.#context = context;
    this.#threshold = options.terminatedPodThreshold ?? 12_500;
    this.#pods = context.informers.informer(pods);
    this.#nodes = context.informers.informer(nodes);
    this.#pods.addIndex(podNodeIndex, podNode);
    this.#controller = new Controller({
      name: "pod-garbage-collector-controller",
      queueName: "orphaned_pods_nodes",
      reconcile: (key, signal) => (key === terminatedKey ? this.#trim(signal) : this.#reconcile(key, signal)),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    this.#pods.addHandler({
      add: (pod) => this.#changed(undefined, pod),
      update: (old, pod) => this.#changed(old, pod),
      delete: (pod) => {
        if (isPodTerminal(pod)) this.#terminated--;
      },
    });
    const ofNode = (node: Node) => {
      for (const pod of this.#pods.lister.byIndex(podNodeIndex, node.metadata?.name ?? ""))
        this.#controller.enqueue(keyOf(pod));
    };
    this.#nodes.addHandler({
      add: (node) => this.#missingSince.delete(node.metadata?.name ?? ""),
      update: (old, node) => {
        if (!isOutOfService(old) && isOutOfService(node)) ofNode(node);
      },
      delete: ofNode,
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  #changed(old: Pod | undefined, pod: Pod): void {
    if (isPodTerminal(pod) && (old === undefined || !isPodTerminal(old))) {
      this.#terminated++;
      if (this.#threshold > 0 && this.#terminated > this.#threshold) this.#controller.enqueue(terminatedKey);
    }
    const nodeName = pod.spec?.nodeName;
    const orphaned = nodeName ? this.#nodes.lister.get(undefined, nodeName) === undefined : isPodTerminating(pod);
    if (orphaned || isPodTerminating(pod)) this.#controller.enqueue(keyOf(pod));
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const pod = this.#pods.lister.getByKey(key);
    if (pod === undefined) return undefined;
    const nodeName = pod.spec?.nodeName;
    if (!nodeName) {
      if (isPodTerminating(pod)) await this.#remove(pod, undefined, signal);
      return undefined;
    }
    const node = this.#nodes.lister.get(undefined, nodeName);
    if (node === undefined) return await this.#orphan(pod, nodeName, signal);
    const ready = isNodeReady(node);
    if (isPodTerminating(pod) && !ready && isOutOfService(node)) {
      await this.#remove(pod, "PodGC: node is out of service", signal);
    }
    return undefined;
  }

  async #orphan(pod: Pod, nodeName: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const now = this.#context.clock.monotonic();
    const since = this.#missingSince.get(nodeName) ?? now;
    this.#missingSince.set(nodeName, since);
    if (now - since < quarantineMs) return { requeueAfterMs: quarantineMs - (now - since) };
    if (await this.#nodeExists(nodeName, signal)) return undefined;
    await this.#remove(pod, "PodGC: node no longer exists", signal);
    return undefined;
  }

  async #nodeExists(name: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#context.client.resource(nodes).get(name, { signal });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #remove(pod: Pod, message: string | undefined, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#context;
    if (message !== undefined && !isPodTerminal(pod)) {
      await markDisrupted(client, pod, { reason: "DeletionByPodGC", message }, clock.now(), { failed: true, signal });
    }
    await deletePod(client, pod, signal, 0);
  }

  /** The oldest finished pods beyond the threshold. */
  async #trim(signal: AbortSignal): Promise<undefined> {
    const finished = this.#pods.lister.list().filter((pod) => isPodTerminal(pod) && !isPodTerminating(pod));
    const created = (pod: Pod) => parseTime(pod.metadata?.creationTimestamp);
    finished.sort((a, b) => created(a) - created(b) || (keyOf(a) < keyOf(b) ? -1 : 1));
    for (const pod of finished.slice(0, Math.max(0, finished.length - this.#threshold)))
      await this.#remove(pod, undefined, signal);
  }
}

function isOutOfService(node: Node): boolean {
  return node.spec?.taints?.some(({ key }) => key === outOfServiceTaint) ?? false;
}

/** @param options how many finished pods are kept */
export function podGCController(options: PodGCOptions = {}): ControllerDefinition {
  return {
    name: "pod-garbage-collector-controller",
    serviceAccount: "pod-garbage-collector",
    create: (context) => new PodGC(context, options),
  };
}
