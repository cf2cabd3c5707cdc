/** The objects that pods use and the kubelet looks up: its own, or those it shares with the other kubelets of its process. */

import { type ConfigMap, configMaps, type Secret, type Service, secrets, services } from "@kubets/api";
import { createInformerFactory } from "@kubets/client";
import { ObjectManager } from "../objects/object-manager.ts";
import type { Ground } from "./ground.ts";

export interface NodeObjects {
  readonly configMaps: ObjectManager<ConfigMap>;
  readonly secrets: ObjectManager<Secret>;
  stop(): Promise<void>;
}

/** @param onChange called for each pod that uses what has changed. Not for shared ones: whoever shares them calls */
export function nodeObjects({ options, clock, random, logger }: Ground, onChange: (uid: string) => void): NodeObjects {
  const { client, parts = {} } = options;
  const shared = parts.objects;
  if (shared !== undefined) return { ...shared, stop: () => Promise.resolve() };
  const common = { client, clock, random, logger };
  const changed = (uids: ReadonlySet<string>) => {
    for (const uid of uids) onChange(uid);
  };
  const own = {
    configMaps: new ObjectManager({ ...common, resource: configMaps, onChange: changed }),
    secrets: new ObjectManager({ ...common, resource: secrets, onChange: changed }),
  };
  return { ...own, stop: async () => void (await Promise.all([own.configMaps.stop(), own.secrets.stop()])) };
}

/** All services, for the environment of containers. */
export function allServices({ options, clock, random, logger, signal }: Ground): () => readonly Service[] {
  const shared = options.parts?.services;
  if (shared !== undefined) return shared;
  const factory = createInformerFactory(options.client, { clock, random, logger });
  const informer = factory.informer(services);
  factory.start(signal);
  return () => informer.lister.list();
}
