/** Starts and steers {@link file://./plugin.fixture.ts}. */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { PluginBehaviour } from "./plugin.fixture.ts";

export interface PluginCounts {
  readonly Status: number;
  readonly Encrypt: number;
  readonly Decrypt: number;
}

export interface Plugin {
  /** Changes how it behaves. @returns how often it was called until then */
  set(change: Partial<PluginBehaviour>): Promise<PluginCounts>;
  stop(): Promise<void>;
}

export async function startPlugin(path: string): Promise<Plugin> {
  const worker = new Worker(new URL("./plugin.fixture.ts", import.meta.url), { workerData: { path } });
  await once(worker, "message");
  return {
    async set(change) {
      const answer = once(worker, "message");
      worker.postMessage(change);
      return ((await answer) as [PluginCounts])[0];
    },
    stop: async () => void (await worker.terminate()),
  };
}
