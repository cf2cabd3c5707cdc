/** What changed since the last look, for one worker that writes it all at once (a firewall transaction, a routing table). */
export class ChangeSet<K = void> {
  #changed = new Set<K>();
  #wake: (() => void) | undefined;

  /** Marks made before the next `take` go together; a key counts once. */
  mark(key: K): void {
    this.#changed.add(key);
    this.#wake?.();
  }

  /** The keys marked since the last call, as soon as there is one. One caller at a time. Rejects with the signal's reason as soon as it aborts. */
  async take(signal: AbortSignal): Promise<ReadonlySet<K>> {
    signal.throwIfAborted();
    if (this.#changed.size === 0) await this.#marked(signal);
    return this.drain();
  }

  /** The same, at once: none when there is none. */
  drain(): ReadonlySet<K> {
    const taken = this.#changed;
    this.#changed = new Set();
    return taken;
  }

  #marked(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (done: () => void) => () => {
        signal.removeEventListener("abort", onAbort);
        this.#wake = undefined;
        done();
      };
      const onAbort = settle(() => reject(signal.reason));
      this.#wake = settle(resolve);
      signal.addEventListener("abort", onAbort);
    });
  }
}
