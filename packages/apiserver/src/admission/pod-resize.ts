/** A running pod is not asked to grow beyond its node. Source: kubernetes' plugin/pkg/admission/podresize. */

import { type Node, nodes, type Pod, podRequests } from "@kubets/api";
import { StatusError, tryParseQuantity } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { onlyAbout, refuse } from "./errors.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";

export function podResizeValidator(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "PodResizeValidator",
    handles: (operation) => operation === "UPDATE",
    concerns: onlyAbout("", "pods", ["resize"]),
    async validate(attributes) {
      const pod = attributes.object as Pod;
      const name = pod.spec?.nodeName;
      // The generation rises only when the spec changes.
      if (!name || pod.metadata?.generation === attributes.oldObject?.metadata?.generation) return;
      const node = await reader.get(nodes, "", name);
      if (node === undefined) throw refuse(attributes, `node ${JSON.stringify(name)} not found`);
      const shortage = shortageOn(node, pod);
      if (shortage !== undefined) throw withCause(attributes, shortage, "NodeCapacity");
      const os = node.metadata?.labels?.["kubernetes.io/os"] ?? "";
      if (os === "linux") return;
      const why = `pod resize is only supported on linux nodes, node ${JSON.stringify(name)} is ${JSON.stringify(os)}`;
      throw withCause(attributes, why, "UnsupportedPlatform");
    },
  };
}

function shortageOn({ status }: Node, pod: Pod): string | undefined {
  const requests = podRequests(pod);
  const cpu = [requests.get("cpu"), tryParseQuantity(status?.allocatable?.["cpu"])].map((q) => q?.milliValue() ?? 0);
  const memory = [requests.get("memory"), tryParseQuantity(status?.allocatable?.["memory"])].map(
    (q) => q?.value() ?? 0,
  );
  const short = Object.entries({ cpu, memory }).filter(([, [requested, allocatable]]) => requested! > allocatable!);
  if (short.length === 0) return undefined;
  const each = short.map(([name, [asked, there]]) => `${name}, requested: ${asked}, allocatable: ${there}`);
  return `Node didn't have enough allocatable resources: ${each.join("; ")}`;
}

function withCause(attributes: AdmissionAttributes, why: string, reason: string): StatusError {
  const { status, message } = refuse(attributes, why);
  return new StatusError(403, "Forbidden", message, { details: { ...status.details, causes: [{ reason }] } });
}
