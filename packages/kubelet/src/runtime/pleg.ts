/** The pod lifecycle event generator: tells which pods changed in the runtime, from its events. A relist now and then is a safety net only. */

import type { Clock, Logger } from "@kubets/apimachinery";
import type { RuntimeClient } from "@kubets/cri";
import type { ListedPod } from "./read-pod.ts";
import { listPods } from "./read-pod.ts";

export interface PlegOptions {
  readonly runtime: Pick<RuntimeClient, "runtime" | "events">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly relistMs: number;
  onPod(uid: string): void;
  /** Everything the runtime has, after a relist. */
  onRelist(pods: ReadonlyMap<string, ListedPod>): void;
}

export class Pleg {
  readonly #options: PlegOptions;
  #known = new Map<string, ListedPod>();

  constructor(options: PlegOptions) {
    this.#options = options;
  }

  /** Follows the runtime until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#follow(signal), this.#relistForEver(signal)]);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { runtime, logger, onPod } = this.#options;
    for await (const event of runtime.events(signal)) {
      if (event.type === "Relist") {
        await this.relist(signal).catch((error: unknown) => {
          if (!signal.aborted) logger.warn("relist failed", { err: error });
        });
      } else if (event.podUid !== "") onPod(event.podUid);
    }
  }

  async #relistForEver(signal: AbortSignal): Promise<void> {
    const { clock, logger, relistMs } = this.#options;
    try {
      for (;;) {
        await clock.sleep(relistMs, signal);
        await this.relist(signal).catch((error: unknown) => {
          if (!signal.aborted) logger.debug("relist failed", { err: error });
        });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async relist(signal: AbortSignal): Promise<void> {
    const pods = await listPods(this.#options.runtime.runtime, signal);
    for (const uid of new Set([...pods.keys(), ...this.#known.keys()])) {
      if (!sameParts(pods.get(uid), this.#known.get(uid))) this.#options.onPod(uid);
    }
    this.#known = pods;
    this.#options.onRelist(pods);
  }
}

function sameParts(a: ListedPod | undefined, b: ListedPod | undefined): boolean {
  if (a === undefined || b === undefined || a.parts.size !== b.parts.size) return false;
  for (const [id, state] of a.parts) if (b.parts.get(id) !== state) return false;
  return true;
}
