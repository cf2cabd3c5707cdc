/** Events of one resource in order, where some must be converted by a webhook before they can be delivered. Without such it adds nothing. */

import type { Entry, StoreEvent } from "@kubets/storage";
import type { Registry } from "../registry/registry.ts";

export class EventQueue {
  readonly #registry: Registry;
  readonly #deliver: (events: readonly StoreEvent[]) => void;
  #last: Promise<void> | undefined;

  constructor(registry: Registry, deliver: (events: readonly StoreEvent[]) => void) {
    this.#registry = registry;
    this.#deliver = deliver;
  }

  /** Something is not delivered yet. */
  get waiting(): boolean {
    return this.#last !== undefined;
  }

  /** Delivers now, or when what came before and these are converted; then the promise says so, or rejects and nothing more is delivered. */
  add(events: readonly StoreEvent[]): Promise<void> | undefined {
    const converted = this.#registry.isCustom ? this.#registry.readable(entriesOf(events)) : undefined;
    if (converted === undefined && this.#last === undefined) {
      this.#deliver(events);
      return undefined;
    }
    const before = this.#last;
    const all = Promise.all([before, converted]).then(() => {
      this.#deliver(events);
      if (this.#last === all) this.#last = undefined;
    });
    this.#last = all;
    return all;
  }

  async settled(): Promise<void> {
    await this.#last;
  }
}

/** Those that cannot be read are not to be converted either: whoever delivers them finds out, event by event. */
function entriesOf(events: readonly StoreEvent[]): Entry[] {
  return events
    .flatMap(({ entry, previous }) => (previous === undefined ? [entry] : [entry, previous]))
    .filter(({ unreadable }) => unreadable === undefined);
}
