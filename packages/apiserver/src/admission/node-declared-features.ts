/**
 * A pod on a node is not changed into what the node cannot do. Source: kubernetes' plugin/pkg/admission/nodedeclaredfeatures, and
 * component-helpers/nodedeclaredfeatures for what asks for which feature.
 */

import { nodes, type Pod } from "@kubets/api";
import { deepEqual } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { onlyAbout, refuse } from "./errors.ts";
import type { AdmissionPlugin } from "./plugin.ts";

interface Feature {
  /** As nodes declare it in their status. */
  readonly name: string;
  isAskedBy(old: Pod, pod: Pod): boolean;
}

const features: readonly Feature[] = [
  {
    name: "InPlacePodLevelResourcesVerticalScaling",
    isAskedBy: (old, pod) => !deepEqual(old.spec?.resources ?? {}, pod.spec?.resources ?? {}),
  },
];

export function nodeDeclaredFeatureValidator(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "NodeDeclaredFeatureValidator",
    handles: (operation) => operation === "UPDATE",
    concerns: onlyAbout("", "pods", ["", "resize"]),
    validate(attributes) {
      const [pod, old] = [attributes.object as Pod, attributes.oldObject as Pod];
      const name = pod.spec?.nodeName;
      // The generation rises only when the spec changes.
      if (!name || pod.metadata?.generation === old.metadata?.generation) return undefined;
      const asked = features.filter((feature) => feature.isAskedBy(old, pod)).map((feature) => feature.name);
      if (asked.length === 0) return undefined;
      return reader.get(nodes, "", name).then((node) => {
        if (node === undefined) throw refuse(attributes, `node ${JSON.stringify(name)} not found`);
        const missing = asked.filter((feature) => !node.status?.declaredFeatures?.includes(feature));
        if (missing.length === 0) return;
        throw refuse(
          attributes,
          `pod update requires features ${missing.join(", ")} which are not available on node ${JSON.stringify(name)}`,
        );
      });
    },
  };
}
