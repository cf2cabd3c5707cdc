/** Tells a pod where its node is, by the node's zone and region labels. Source: kubernetes' plugin/pkg/admission/podtopologylabels. */

import { nodes, type Pod } from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { onlyAbout } from "./errors.ts";
import type { AdmissionPlugin } from "./plugin.ts";

const copied = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

interface Binding extends KubeObject {
  target?: { kind?: string; name?: string };
}

export function podTopologyLabels(reader: ObjectReader): AdmissionPlugin {
  const label = async (object: KubeObject, nodeName: string): Promise<void> => {
    const labels = (await reader.get(nodes, "", nodeName))?.metadata?.labels ?? {};
    const found = copied.filter((key) => Object.hasOwn(labels, key)).map((key) => [key, labels[key]!]);
    if (found.length === 0) return;
    object.metadata ??= {};
    object.metadata.labels = { ...object.metadata.labels, ...Object.fromEntries(found) };
  };
  return {
    name: "PodTopologyLabels",
    handles: (operation) => operation === "CREATE",
    concerns: onlyAbout("", "pods", ["", "binding"]),
    mutate({ object, subresource }) {
      const target = (object as Binding).target;
      if (subresource === "binding") return target?.kind === "Node" ? label(object!, target.name ?? "") : undefined;
      const nodeName = (object as Pod).spec?.nodeName;
      return nodeName ? label(object!, nodeName) : undefined;
    },
  };
}
