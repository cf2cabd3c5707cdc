/**
 * Kinds served in more than one group or version: which one is stored, and how to get from one to another.
 * Events are stored as core/v1, autoscalers as autoscaling/v2, as upstream does.
 */

import { apiVersionOf, type KubeObject } from "@kubets/apimachinery";
import { autoscalerToV1, autoscalerToV2 } from "./autoscaling/conversion.ts";
import type { ResourceDefinition } from "./definition.ts";
import { eventToCore, eventToEvents } from "./events/conversion.ts";
import { resourceToV1, resourceToV1beta1 } from "./resource/conversion.ts";

type Convert = (object: KubeObject) => KubeObject;

/** By the apiVersion and kind of the target. */
const converters: Readonly<Record<string, Convert>> = {
  "v1 Event": eventToCore,
  "events.k8s.io/v1 Event": eventToEvents,
  "autoscaling/v1 HorizontalPodAutoscaler": autoscalerToV1,
  "autoscaling/v2 HorizontalPodAutoscaler": autoscalerToV2,
};

const resourceKinds = ["ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"];

/** v1beta2 is v1 by another name; v1beta1 is not. */
function convertResource(object: KubeObject, to: string): KubeObject {
  const from = object.apiVersion === "resource.k8s.io/v1beta1";
  if (from === (to === "resource.k8s.io/v1beta1")) return object;
  return from ? resourceToV1(object) : resourceToV1beta1(object);
}

/** A new object of `to`'s version. Kinds with one version only get their name; `object` is shared and not changed. */
export function convertObject(
  object: KubeObject,
  to: Pick<ResourceDefinition, "group" | "version" | "kind">,
): KubeObject {
  const apiVersion = apiVersionOf(to);
  if (object.apiVersion === apiVersion) return object;
  const convert = converters[`${apiVersion} ${to.kind}`];
  if (to.group === "resource.k8s.io" && resourceKinds.includes(to.kind)) {
    return { ...convertResource(object, apiVersion), apiVersion, kind: to.kind };
  }
  return { ...(convert === undefined ? object : convert(object)), apiVersion, kind: to.kind };
}

/** Kinds that have no stable version: the one they are stored in, so that switching another on or off does not matter. */
const storedUnstable: Readonly<Record<string, string>> = {
  ClusterTrustBundle: "v1beta1",
  PodCertificateRequest: "v1beta1",
  LeaseCandidate: "v1beta1",
  DeviceTaintRule: "v1beta2",
};

/** The group and version an object is stored in. */
export function storedVersion(definition: Pick<ResourceDefinition, "group" | "version" | "kind">): {
  group: string;
  version: string;
} {
  const { group, version, kind } = definition;
  if (kind === "Event" && group === "events.k8s.io") return { group: "", version: "v1" };
  if (group === "autoscaling") return { group: "autoscaling", version: "v2" };
  if (/^v\d+$/.test(version)) return { group, version };
  return { group, version: storedUnstable[kind] ?? (onlyUnstable.includes(kind) ? version : "v1") };
}

const onlyUnstable = ["PodGroup", "ResourcePoolStatusRequest", "StorageVersion", "StorageVersionMigration", "Workload"];
