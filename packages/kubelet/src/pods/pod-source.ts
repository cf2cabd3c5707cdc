/** Where pods come from. Level-triggered: a source tells what is there now, as often as it likes. */

import type { Pod } from "@kubets/api";
import { pods } from "@kubets/api";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import type { Client, Informer } from "@kubets/client";
import { createInformerFactory } from "@kubets/client";

export interface PodHandler {
  /** New or changed. */
  set(pod: Pod): void;
  /** The source has it no more; `pod` is the last that was seen. */
  remove(pod: Pod): void;
}

export interface PodSource {
  /** Tells of all pods, then of changes, until `signal` aborts. Resolves when the first have all been told. */
  start(handler: PodHandler, signal: AbortSignal): Promise<void>;
  /** Resolves when nothing of it runs any more, after the abort. */
  stopped(): Promise<void>;
}

/** The API's pods on one node, by a watch of its own. */
export function apiPodSource(
  client: Client,
  nodeName: string,
  options: { clock: Clock; random: Random; logger: Logger },
): PodSource {
  let stopped: () => Promise<void> = () => Promise.resolve();
  return {
    async start(handler, signal) {
      const factory = createInformerFactory(client, options);
      const informer = factory.informer(pods, { fieldSelector: `spec.nodeName=${nodeName}` });
      const remove = informer.addHandler({
        add: (pod) => handler.set(pod),
        update: (_, pod) => handler.set(pod),
        delete: (pod) => handler.remove(pod),
      });
      signal.addEventListener("abort", remove, { once: true });
      factory.start(signal);
      stopped = () => factory.stopped();
      await informer.synced(signal);
    },
    stopped: () => stopped(),
  };
}

/**
 * One watch of all pods, shared by many nodes of one process. The informer is the caller's to start.
 * Sharing costs each node nothing per pod of another node: events are handed out by node name.
 */
export class SharedPodSource {
  readonly #informer: Informer<Pod>;
  readonly #handlers = new Map<string, PodHandler>();

  constructor(informer: Informer<Pod>) {
    this.#informer = informer;
    informer.addIndex("nodeName", (pod) => [pod.spec?.nodeName ?? ""]);
    informer.addHandler({
      add: (pod) => this.#of(pod)?.set(pod),
      update: (_, pod) => this.#of(pod)?.set(pod),
      delete: (pod) => this.#of(pod)?.remove(pod),
    });
  }

  #of(pod: Pod): PodHandler | undefined {
    return this.#handlers.get(pod.spec?.nodeName ?? "");
  }

  forNode(nodeName: string): PodSource {
    return {
      start: async (handler, signal) => {
        await this.#informer.synced(signal);
        this.#handlers.set(nodeName, handler);
        signal.addEventListener("abort", () => this.#handlers.delete(nodeName), { once: true });
        for (const pod of this.#informer.lister.byIndex("nodeName", nodeName)) handler.set(pod);
      },
      stopped: () => Promise.resolve(),
    };
  }
}
