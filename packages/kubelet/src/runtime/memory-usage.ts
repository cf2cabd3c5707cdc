import type { RuntimeService } from "@kubets/cri";
import { podOfLabels } from "./labels.ts";

/** Bytes of memory in use by pod uid, as far as the runtime can tell. */
export async function memoryByPod(runtime: RuntimeService, signal: AbortSignal): Promise<Map<string, number>> {
  const usage = new Map<string, number>();
  const { stats } = await runtime.listContainerStats({}, { signal });
  for (const { attributes, memory } of stats) {
    const uid = podOfLabels(attributes?.labels)?.uid;
    if (uid !== undefined) usage.set(uid, (usage.get(uid) ?? 0) + (memory?.workingSetBytes?.value ?? 0));
  }
  return usage;
}
