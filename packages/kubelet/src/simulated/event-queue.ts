import type { RuntimeEvent } from "@kubets/cri";

/** Events of a simulated runtime on their way to one reader. Ends when the signal aborts. */
export class EventQueue implements AsyncIterable<RuntimeEvent> {
  readonly #events: RuntimeEvent[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    if (signal.aborted) this.#ended = true;
    else signal.addEventListener("abort", () => this.end(), { once: true });
  }

  push(event: RuntimeEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RuntimeEvent> {
    while (!this.#ended) {
      const event = this.#events.shift();
      if (event !== undefined) yield event;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}
