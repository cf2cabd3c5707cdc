/** Running several components as one: the first that fails stops the others. */

import { aborted, type Component } from "@kubets/apimachinery";
import type { StoppableInformerFactory } from "@kubets/client";

/** Resolves when all have stopped after `signal` aborted. @throws the first failure, after all have stopped */
export async function runTogether(components: readonly Component[], signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let failure: { error: unknown } | undefined;
  await Promise.all(
    components.map(async (component) => {
      try {
        await component.start(either);
        if (!either.aborted) throw new Error(`${component.name} stopped by itself`);
      } catch (error) {
        failure ??= { error };
        stop.abort();
      }
    }),
  );
  if (failure !== undefined) throw failure.error;
}

/** Informers that several components share, as one of them. */
export function informerRunner(informers: StoppableInformerFactory): Component {
  return {
    name: "informers",
    ready: Promise.resolve(),
    healthz: () => ({ ok: true }),
    async start(signal) {
      informers.start(signal);
      await aborted(signal);
      await informers.stopped();
    },
  };
}
