/** The subresource handlers and registry hooks every kubets API server has. */

import {
  approvalStrategy,
  namespaceFinalizeStrategy,
  podEphemeralContainersStrategy,
  podResizeStrategy,
  type StatusStrategy,
} from "@kubets/api";
import type { SubresourceHandler, VirtualHandler } from "../server/context.ts";
import { strategySubresource } from "../server/resource-handlers.ts";
import { accessReviews } from "./access-review.ts";
import type { KubeletClientOptions } from "./kubelet-client.ts";
import { KubeletClient } from "./kubelet-client.ts";
import { bindPod, createBinding } from "./pod-binding.ts";
import { evictPod } from "./pod-eviction.ts";
import { podLog } from "./pod-log.ts";
import { podStream } from "./pod-stream.ts";
import { nodeProxy, podProxy, serviceProxy } from "./proxy.ts";

/** By `group/plural/subresource`. @param kubelet undefined: nothing that needs a node's kubelet is served */
export function builtInSubresources(
  kubelet: KubeletClientOptions | undefined,
): Readonly<Record<string, SubresourceHandler>> {
  return {
    "/pods/binding": bindPod,
    "/pods/eviction": evictPod,
    "/pods/ephemeralcontainers": ruled(podEphemeralContainersStrategy),
    "/pods/resize": ruled(podResizeStrategy),
    "/pods/proxy": podProxy,
    "/services/proxy": serviceProxy,
    "/namespaces/finalize": ruled(namespaceFinalizeStrategy),
    "certificates.k8s.io/certificatesigningrequests/approval": ruled(approvalStrategy),
    ...(kubelet === undefined ? {} : throughKubelet(new KubeletClient(kubelet))),
  };
}

/** A strategy is only ever given objects of its own kind. */
function ruled<T extends object>(strategy: StatusStrategy<T>): SubresourceHandler {
  return strategySubresource(strategy as unknown as StatusStrategy);
}

function throughKubelet(kubelet: KubeletClient): Record<string, SubresourceHandler> {
  return {
    "/pods/log": podLog(kubelet),
    "/pods/exec": podStream(kubelet, "exec"),
    "/pods/attach": podStream(kubelet, "attach"),
    "/pods/portforward": podStream(kubelet, "portforward"),
    "/nodes/proxy": nodeProxy(kubelet),
  };
}

/** By `group/plural`. */
export const builtInVirtual: Readonly<Record<string, VirtualHandler>> = {
  "/bindings": createBinding,
  ...accessReviews,
};
