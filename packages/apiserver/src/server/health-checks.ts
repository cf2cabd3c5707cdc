/** What the health endpoints of an API server look at. */

import { type Clock, messageOf } from "@kubets/apimachinery";
import type { Store } from "@kubets/storage";
import { HealthEndpoints } from "./health.ts";
import type { ApiServerOptions } from "./options.ts";
import type { ServerState } from "./state.ts";

/** Upstream's --etcd-healthcheck-timeout and --etcd-readycheck-timeout. */
const defaultStoreCheckMs = 2000;

/** By upstream's names, in its order. */
export function serverHealth(options: ApiServerOptions, state: ServerState, clock: Clock): HealthEndpoints {
  const { store, postStartHooks = [], livezGraceMs = 0, healthChecks = [] } = options;
  const { storeHealthMs = defaultStoreCheckMs, storeReadyMs = defaultStoreCheckMs } = options;
  const createdAt = clock.monotonic();
  // Upstream's log check asks whether its log was flushed lately: ours writes every line at once.
  const basic = ["ping", "log"].map((name) => ({ name, check: () => undefined }));
  // Upstream reads this key too; whether it is there does not matter.
  const etcd = { name: "etcd", check: () => checkStore(store, clock, storeHealthMs) };
  const etcdReady = { name: "etcd-readiness", check: () => checkStore(store, clock, storeReadyMs) };
  const started = () => (state.isReady ? undefined : "not finished");
  const hooks = (check: typeof started) => postStartHooks.map((name) => ({ name: `poststarthook/${name}`, check }));
  const inTime = () => (clock.monotonic() - createdAt < livezGraceMs ? undefined : started());
  const shutdown = { name: "shutdown", check: () => (state.isStopping ? "process is shutting down" : undefined) };
  const synced = { name: "informer-sync", check: started };
  return new HealthEndpoints({
    healthz: [...basic, etcd, ...healthChecks, ...hooks(started)],
    livez: [...basic, etcd, ...hooks(inTime)],
    readyz: [...[...basic, etcd, etcdReady, ...healthChecks], ...[synced, ...hooks(started), shutdown]],
  });
}

/** Why the store does not answer; undefined when it does. */
async function checkStore(store: Store, clock: Clock, longestMs: number): Promise<string | undefined> {
  const answered = new AbortController();
  const late = clock.sleep(longestMs, answered.signal).then(
    () => "context deadline exceeded",
    () => undefined, // It has answered.
  );
  const answer = store.get("health").then(() => undefined, messageOf);
  try {
    return await Promise.race([answer, late]);
  } finally {
    answered.abort();
  }
}
