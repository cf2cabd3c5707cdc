/** What the runtime was last seen to have of each pod. Reads of one pod never overlap, so that an old answer cannot hide a newer one. */

import type { Logger } from "@kubets/apimachinery";
import type { RuntimeService } from "@kubets/cri";
import type { PodRef } from "../pods/pod-ref.ts";
import type { RuntimePod } from "./pod-status.ts";
import { readPod } from "./read-pod.ts";

interface Slot {
  status: RuntimePod | undefined;
  reading: Promise<RuntimePod> | undefined;
  next: Promise<RuntimePod> | undefined;
}

export class PodCache {
  readonly #runtime: RuntimeService;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  readonly #slots = new Map<string, Slot>();
  readonly #listeners = new Map<string, Set<(status: RuntimePod) => void>>();

  constructor(runtime: RuntimeService, logger: Logger, signal: AbortSignal) {
    this.#runtime = runtime;
    this.#logger = logger;
    this.#signal = signal;
  }

  peek(uid: string): RuntimePod | undefined {
    return this.#slots.get(uid)?.status;
  }

  /** As last seen; looks when it never has. */
  async get(ref: PodRef): Promise<RuntimePod> {
    return this.#slots.get(ref.uid)?.status ?? this.refresh(ref);
  }

  /** What the runtime has now: of a read that began after this call. */
  refresh(ref: PodRef): Promise<RuntimePod> {
    const slot = this.#slots.get(ref.uid) ?? { status: undefined, reading: undefined, next: undefined };
    this.#slots.set(ref.uid, slot);
    if (slot.reading === undefined) {
      slot.reading = this.#read(ref, slot);
      return slot.reading;
    }
    slot.next ??= slot.reading
      .catch(() => undefined)
      .then(() => {
        slot.next = undefined;
        slot.reading = this.#read(ref, slot);
        return slot.reading;
      });
    return slot.next;
  }

  /** Calls `listener` after every look at the pod. Returns what stops it. */
  subscribe(uid: string, listener: (status: RuntimePod) => void): () => void {
    const listeners = this.#listeners.get(uid) ?? new Set();
    this.#listeners.set(uid, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(uid);
    };
  }

  remove(uid: string): void {
    const { namespace = "", name = "" } = this.#slots.get(uid)?.status ?? {};
    this.#slots.delete(uid);
    this.#tell({ uid, namespace, name, sandboxes: [], containers: [], ips: [] });
  }

  #tell(status: RuntimePod): void {
    for (const listener of [...(this.#listeners.get(status.uid) ?? [])]) listener(status);
  }

  async #read(ref: PodRef, slot: Slot): Promise<RuntimePod> {
    try {
      slot.status = await readPod(this.#runtime, ref, slot.status, this.#logger, this.#signal);
      this.#tell(slot.status);
      return slot.status;
    } finally {
      slot.reading = undefined;
    }
  }
}
