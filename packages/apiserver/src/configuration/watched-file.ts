/** Files that may be changed while the server runs: looked at now and then, and told about when their content is another. */

import { readFile, stat } from "node:fs/promises";
import { type Clock, type Logger, messageOf } from "@kubets/apimachinery";

/** Upstream looks at its configuration files each minute; a stat costs next to nothing. */
const intervalMs = 10_000;

export interface FollowOptions {
  readonly path: string;
  /** What is in use: read before. */
  readonly content: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes the new content. What it throws is logged, and the old content stays in use. */
  apply(content: string): Promise<void> | void;
}

/** Resolves when `signal` aborts. */
export async function followFile(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { path, clock, logger, apply } = options;
  let content = options.content;
  let known = "";
  for (;;) {
    await pause(clock, signal);
    if (signal.aborted) return;
    try {
      const { mtimeMs, size, ino } = await stat(path);
      const now = `${mtimeMs} ${size} ${ino}`;
      if (now === known) continue;
      const found = await readFile(path, "utf8");
      known = now;
      if (found === content) continue;
      content = found;
      await apply(found);
      logger.info("A changed configuration file is in use", { path });
    } catch (error) {
      logger.error("A changed configuration file is not used", { path, err: messageOf(error) });
    }
  }
}

/** Until it is time to look again, or the signal. Keeps no process alive. */
function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = clock.setTimeout(() => done(), intervalMs, { unref: true });
    const done = () => {
      timer.cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done, { once: true });
  });
}
