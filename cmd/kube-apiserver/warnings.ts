/** Flags that are taken, and do less than upstream's, by what they were given. */

import { gateSettings, gateWarnings } from "@kubets/apiserver";
import type { KubeApiServerFlags } from "./flags/index.ts";
import { storeOverrides } from "./store-overrides.ts";

const notElsewhere =
  "it is none of the resources that can be kept elsewhere, which are the built-in ones but CustomResourceDefinitions and APIServices";

export function warningsOf(flags: KubeApiServerFlags, given: ReadonlySet<keyof KubeApiServerFlags>): string[] {
  const form = flags["storage-media-type"];
  const bind = flags["endpoint-reconciler-type"];
  return [
    ...gateWarnings(gateSettings(flags["feature-gates"])),
    ...(given.has("storage-media-type") && form !== "application/json"
      ? [`Flag --storage-media-type has no effect: objects are stored as application/json`]
      : []),
    ...storeOverrides(flags["etcd-servers-overrides"])
      .filter(({ prefixes }) => prefixes.length === 0)
      .map(({ resource }) => `Flag --etcd-servers-overrides has no effect for ${resource}: ${notElsewhere}`),
    ...(bind === "master-count"
      ? ["Flag --endpoint-reconciler-type=master-count is taken as lease: servers that share an etcd find each other"]
      : []),
  ];
}
