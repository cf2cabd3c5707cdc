/** What a cluster's API server does by itself: what it puts in place when it starts, and keeps while it runs. */

import { keepCompacted } from "@kubets/storage";
import { keepPolicyStatus } from "../admission/policy/index.ts";
import { ensureSystemPriorityClasses } from "../admission/system-priority-classes.ts";
import { ensureTrackingSince } from "../authentication/legacy-token-tracking.ts";
import { reconcileBootstrapPolicy } from "../authorization/bootstrap-policy/reconcile.ts";
import type { ApiServerOptions } from "../server/options.ts";
import type { ApiServer } from "../server.ts";
import { apiServerIdentity } from "../services/default-objects.ts";
import { keepIdentityLease } from "../services/identity-lease.ts";
import { policyWriter } from "../services/policy-writer.ts";
import type { Ground } from "./ground.ts";
import type { KubeApiServerOptions } from "./options.ts";

/** The roles, priority classes and marks that every cluster has. */
export async function putDefaultsInPlace(server: ApiServer): Promise<void> {
  const writer = policyWriter(server.transport(apiServerIdentity));
  await Promise.all([
    reconcileBootstrapPolicy(writer),
    ensureSystemPriorityClasses(writer),
    ensureTrackingSince(writer, server.context.clock),
  ]);
}

/** Until the server stops: history is cut off, the server's Lease renewed, and the status of policies written. */
export function ownWork({ options, reader }: Ground): NonNullable<ApiServerOptions["background"]> {
  const { store, clock, random, logger } = options;
  const transport = (server: ApiServer) => server.transport(apiServerIdentity, "kube-apiserver");
  return [
    async (_server, stopped) => {
      if (options.compactionIntervalMs === 0) return;
      await keepCompacted(store, { clock, logger, ...compaction(options) }, stopped);
    },
    (server, stopped) =>
      keepIdentityLease({ transport: transport(server), ...identityHost(options), clock, random, logger }, stopped),
    (server, stopped) => {
      const source = { reader, resources: () => server.resources };
      return keepPolicyStatus({ source, transport: transport(server), clock, logger }, stopped);
    },
  ];
}

function compaction({ compactionIntervalMs: intervalMs }: KubeApiServerOptions) {
  return intervalMs === undefined ? {} : { intervalMs };
}

function identityHost({ hostname: host }: KubeApiServerOptions) {
  return host === undefined ? {} : { host };
}
