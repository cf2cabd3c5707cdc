/** The server from its opening to its end. */

import { giveMemoryBackWhenIdle, type Logger, realClock, realRandom, surviveUnheardErrors } from "@kubets/apimachinery";
import { createKubeApiServer } from "@kubets/apiserver";
import { configOf } from "./config.ts";
import type { KubeApiServerFlags } from "./flags/index.ts";
import { openStore } from "./store.ts";

/**
 * @param stop begins the graceful end: no longer ready, the shutdown delay, then what is being answered is answered
 * @throws Error for flags whose files cannot be used, a store that cannot be opened, a port that is taken
 */
export async function run(flags: KubeApiServerFlags, logger: Logger, stop: AbortSignal): Promise<void> {
  giveMemoryBackWhenIdle(realClock);
  const means = { clock: realClock, random: realRandom, logger };
  const config = await configOf(flags, means);
  // What follows the store has to outlast the last request.
  const ended = new AbortController();
  const { store, encryption } = await openStore(flags, { ...means, dial: config.egress?.etcd }, ended.signal);
  try {
    const { server } = await createKubeApiServer({ ...config, store, encryption, ...means }, ended.signal);
    const running = server.start(stop);
    const serving = server.ready.then(() => {
      surviveUnheardErrors(logger);
      logger.info("Serving securely", { address: flags["bind-address"], port: server.port });
    });
    await Promise.all([running, Promise.race([serving, running])]);
    logger.info("Stopped");
  } finally {
    ended.abort();
    await store.close();
  }
}
