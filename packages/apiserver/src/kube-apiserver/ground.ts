/** What the parts of a cluster's API server are built on. */

import { findDefinition } from "@kubets/api";
import { MetricsRegistry } from "../metrics/families.ts";
import { type ObjectReader, StoreReader } from "../reader/object-reader.ts";
import type { ApiServer } from "../server.ts";
import type { KubeApiServerOptions } from "./options.ts";

export interface Ground {
  readonly options: KubeApiServerOptions;
  /** Reads the store past the server, which is not there yet. */
  readonly reader: ObjectReader;
  readonly meters: MetricsRegistry;
  /** Once it is there: not before the parts are. */
  server(): ApiServer;
  /** Ends what follows the store, and files. */
  readonly signal: AbortSignal;
}

export function layGround(options: KubeApiServerOptions, server: () => ApiServer, signal: AbortSignal): Ground {
  const { store, encryption, egress, logger, clock } = options;
  const meters = new MetricsRegistry(options.metricRules);
  meters.tellOfItself();
  if (egress?.meters !== undefined) {
    const { meters: dialled } = egress;
    meters.collect(() => dialled.lines());
  }
  if (encryption !== undefined) meters.collect(() => encryption.metrics());
  const broken = (err: Error) => logger.error("The store cannot be followed as it should be", { err });
  const reader = new StoreReader(store, definitionOf, broken, clock);
  return { options, reader, meters, server, signal };
}

function definitionOf({ group, version, plural }: { group: string; version: string; plural: string }) {
  const definition = findDefinition(group, version, plural);
  if (definition === undefined) throw new Error(`no definition of ${plural}.${version}.${group}`);
  return definition;
}
