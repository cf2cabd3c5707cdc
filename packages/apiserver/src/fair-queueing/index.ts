/** API priority and fairness, for a server that has its configuration in its store. */

import type { Clock, Logger } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import type { InFlightLimits } from "../server/in-flight.ts";
import type { ApiServerOptions } from "../server/options.ts";
import type { ResourceTable } from "../server/resource-table.ts";
import type { ApiServer } from "../server.ts";
import { apiServerIdentity } from "../services/default-objects.ts";
import { policyWriter } from "../services/policy-writer.ts";
import { ensureConfiguration, keepConfiguration } from "./config-controller.ts";
import { fairQueueingDumps } from "./debug.ts";
import { FairQueueing } from "./fair-queueing.ts";
import { fairQueueingMetrics } from "./metrics.ts";

export interface FairQueueingSetUp {
  readonly reader: ObjectReader;
  readonly resources: () => ResourceTable;
  readonly inFlight: InFlightLimits;
  /** `--request-timeout` */
  readonly requestTimeoutMs?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Task = NonNullable<ApiServerOptions["bootstrap"]>[number];
type Parts = Required<Pick<ApiServerOptions, "limiter" | "metrics">> & {
  readonly nonResource: NonNullable<ApiServerOptions["nonResource"]>;
  readonly bootstrap: readonly Task[];
  readonly background: readonly Task[];
  readonly postStartHooks: readonly string[];
};

/** Undefined when there is no limit to share. @param signal ends what follows the store */
export async function fairQueueing(options: FairQueueingSetUp, signal: AbortSignal): Promise<Parts | undefined> {
  const { reader, resources, inFlight, clock, logger } = options;
  const totalSeats = [inFlight.reading, inFlight.mutating].filter(Number.isFinite).reduce((a, b) => a + b, 0);
  if (totalSeats === 0) return undefined;
  const timeout = options.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: options.requestTimeoutMs };
  const queueing = new FairQueueing({ clock, totalSeats, resources, ...timeout });
  await queueing.follow(reader, signal);
  const transport = (server: ApiServer) => server.transport(apiServerIdentity, "kube-apiserver");
  return {
    limiter: queueing,
    metrics: () => fairQueueingMetrics(queueing, clock),
    nonResource: [fairQueueingDumps(queueing, clock)],
    bootstrap: [async (server) => await ensureConfiguration(policyWriter(transport(server)), reader)],
    background: [
      async (server, stopped) => {
        const own = transport(server);
        const { random } = server.context;
        await keepConfiguration({ writer: policyWriter(own), transport: own, clock, random, logger }, reader, stopped);
      },
    ],
    postStartHooks: [
      "priority-and-fairness-config-consumer",
      "priority-and-fairness-filter",
      "priority-and-fairness-config-producer",
    ],
  };
}
