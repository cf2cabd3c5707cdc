/** What most commands need: which cluster is meant, and a client for it. */

import { type ClusterConfig, clusterPaths, findCluster } from "@kubets/cluster/manage";
import { UsageError } from "../../lib/flags.ts";

export const nameFlag = {
  name: { type: "string", value: "NAME", help: "the cluster's name", default: "kubets" },
} as const;

/** @throws UsageError when there is no such cluster */
export function existingCluster(name: string): ClusterConfig {
  const config = findCluster(name);
  if (config === undefined)
    throw new UsageError(
      `there is no cluster ${name}; kubets list shows those there are, kubets up --name ${name} makes it`,
    );
  return config;
}

export function pathsOf(config: ClusterConfig) {
  return clusterPaths(config.name, config.dataDir);
}

export function wantJson(output: string | undefined): boolean {
  if (output !== undefined && output !== "json") throw new UsageError(`-o ${output}: want json`);
  return output === "json";
}
