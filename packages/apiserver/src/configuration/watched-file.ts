/**
 * Files that may be changed while the server runs: told about when their content is another. The folder they are in says when to look, so that what is
 * put in a file's place, or behind its link, is noticed too; where it does not say, they are looked at now and then all the same.
 */

import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type Clock, type Logger, messageOf } from "@kubets/apimachinery";

/** Upstream's: one minute. */
const intervalMs = 60_000;
/** A change is often several: a certificate and its key, a file emptied and written. */
const settleMs = 100;

interface FollowMeans {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What was refused may be taken later, though it is the same: it is tried again every minute. Default: the next content is. */
  readonly retry?: boolean;
}

export interface FollowOptions extends FollowMeans {
  readonly path: string;
  /** What is in use: read before. */
  readonly content: string;
  /** Takes the new content. What it throws is logged, and the old content stays in use. */
  apply(content: string): Promise<void> | void;
}

export interface FollowTogetherOptions extends FollowMeans {
  readonly paths: readonly string[];
  /** In the same order. */
  readonly contents: readonly string[];
  /** Takes all contents, of which at least one is new. What it throws is logged, and the old ones stay in use. */
  apply(contents: readonly string[]): Promise<void> | void;
}

/** Resolves when `signal` aborts. */
export async function followFile(
  { path, content, apply, ...means }: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  const one = ([changed = ""]: readonly string[]) => apply(changed);
  await followFiles({ ...means, paths: [path], contents: [content], apply: one }, signal);
}

/** Files that have a meaning only together, such as a certificate and its key. Resolves when `signal` aborts. */
export async function followFiles(options: FollowTogetherOptions, signal: AbortSignal): Promise<void> {
  const { paths, clock, logger, apply, retry = false } = options;
  const changes = new Changes(paths, clock, signal);
  let { contents } = options;
  for (;;) {
    await changes.next();
    if (signal.aborted) return;
    try {
      const found = await Promise.all(paths.map((path) => readFile(path, "utf8")));
      if (found.every((content, at) => content === contents[at])) continue;
      if (!retry) contents = found;
      await apply(found);
      contents = found;
      logger.info("A changed configuration file is in use", { path: paths.join(",") });
    } catch (error) {
      logger.error("A changed configuration file is not used", { path: paths.join(","), err: messageOf(error) });
    }
  }
}

/** When it is time to look. Keeps no process alive. */
class Changes {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #wake: (() => void) | undefined;
  #changed = false;

  constructor(paths: readonly string[], clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
    if (signal.aborted) return;
    for (const folder of new Set(paths.map((path) => dirname(path))))
      this.#watch(folder, new Set(paths.map((path) => basename(path))));
  }

  /** Resolves when something may have changed, or the signal aborted. */
  async next(): Promise<void> {
    await this.#pause(intervalMs, () => this.#changed);
    if (this.#changed) await this.#pause(settleMs, () => false);
    this.#changed = false;
  }

  #watch(folder: string, names: ReadonlySet<string>): void {
    try {
      const watcher = watch(folder, { persistent: false, signal: this.#signal }, (_event, name) => {
        // A mounted Secret changes all at once, by the link ..data that its files' links lead through.
        if (name !== null && !names.has(name) && !name.startsWith("..")) return;
        this.#changed = true;
        this.#wake?.();
      });
      // It went away, or the machine has no more watches: once a minute has to do.
      watcher.on("error", () => watcher.close());
    } catch {
      // The same.
    }
  }

  #pause(ms: number, over: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        this.#wake = undefined;
        resolve();
      };
      const timer = this.#clock.setTimeout(done, ms, { unref: true });
      this.#wake = () => {
        if (over() || this.#signal.aborted) done();
      };
      this.#wake();
    });
  }
}
