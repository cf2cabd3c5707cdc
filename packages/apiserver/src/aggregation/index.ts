export { type AggregatedServer, Aggregator, type AggregatorOptions } from "./aggregator.ts";
export type { ClusterTrust } from "./trust-config-map.ts";
