/** A component that runs in one control plane at a time, of all that share a store. */

import { hostname } from "node:os";
import type { Clock, Component, Health, Logger, Random } from "@kubets/apimachinery";
import { type Client, LeadershipLostError, runLeaderElected } from "@kubets/client";

export interface ElectedOptions {
  /** The component's, and its Lease's in kube-system. */
  readonly name: string;
  readonly client: Client;
  /** A component is made for each term. */
  readonly build: () => Component;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export function elected({ name, client, build, clock, random, logger }: ElectedOptions): Component {
  const identity = `${hostname()}_${random.uuid()}`;
  let leading: Component | undefined;
  return {
    name,
    ready: Promise.resolve(),
    // Whoever waits its turn is well.
    healthz: (): Health => leading?.healthz() ?? { ok: true },
    async start(signal) {
      const term = async (stillLeading: AbortSignal) => {
        leading = build();
        try {
          await leading.start(stillLeading);
        } finally {
          leading = undefined;
        }
      };
      while (!signal.aborted) {
        try {
          const lease = { name, namespace: "kube-system", identity };
          await runLeaderElected({ client, ...lease, clock, random, logger }, term, signal);
          if (!signal.aborted) throw new Error(`${name} stopped by itself`);
        } catch (err) {
          if (!(err instanceof LeadershipLostError)) throw err;
          logger.warn("Another may lead now", { name, err });
        }
      }
    },
  };
}
