/** What watchers were sent and have not taken yet. One for all of a server's connections. */

import type { Exchange } from "./exchange.ts";

const megabyte = 1024 * 1024;

/**
 * A watcher whose connection holds this much unsent is cut off; it comes back and lists. A watcher that resumes after a pause is given all it
 * missed in one go.
 */
const mostOfOne = 64 * megabyte;
/** Those who watch the same share their bytes, but Tables are each watcher's own, and so is what is watched in many forms and places. */
const mostOfAll = 512 * megabyte;
/** What remains of it after cutting off. */
const enough = mostOfAll * 0.75;
/** A watcher with less is not behind: most never are, and cost a comparison. */
const behindFrom = megabyte;

export class WatchBacklog {
  readonly #behind = new Set<Exchange>();
  /** How much more can be written to those behind before it must be looked at what they have taken meanwhile. */
  #room = mostOfAll;

  /** To be called after each write to a watcher; cuts off this one, or those furthest behind, when too much waits. */
  wrote(bytes: number, outgoing: Exchange): void {
    const { waiting } = outgoing;
    if (waiting < behindFrom) return;
    if (waiting > mostOfOne) return outgoing.destroy();
    this.#room -= this.#behind.has(outgoing) ? bytes : waiting;
    this.#behind.add(outgoing);
    if (this.#room < 0) this.#cutOff();
  }

  #cutOff(): void {
    const behind = [...this.#behind].filter(({ destroyed, waiting }) => !destroyed && waiting >= behindFrom);
    behind.sort((a, b) => b.waiting - a.waiting);
    let all = behind.reduce((sum, { waiting }) => sum + waiting, 0);
    let cut = 0;
    for (; all > enough; cut++) {
      const furthest = behind[cut]!;
      all -= furthest.waiting;
      furthest.destroy();
    }
    this.#behind.clear();
    for (const each of behind.slice(cut)) this.#behind.add(each);
    this.#room = mostOfAll - all;
  }
}
