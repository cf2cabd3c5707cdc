/**
 * Kinds served in more than one group or version: which one is stored, and how to get from one to another.
 * Events are stored as core/v1, autoscalers as autoscaling/v2, as upstream does.
 */

import { apiVersionOf, type KubeObject } from "@kubets/apimachinery";
import { autoscalerToV1, autoscalerToV2 } from "./autoscaling/conversion.ts";
import type { ResourceDefinition } from "./definition.ts";
import { eventToCore, eventToEvents } from "./events/conversion.ts";

type Convert = (object: KubeObject) => KubeObject;

/** By the apiVersion and kind of the target. */
const converters: Readonly<Record<string, Convert>> = {
  "v1 Event": eventToCore,
  "events.k8s.io/v1 Event": eventToEvents,
  "autoscaling/v1 HorizontalPodAutoscaler": autoscalerToV1,
  "autoscaling/v2 HorizontalPodAutoscaler": autoscalerToV2,
};

/** A new object of `to`'s version. Kinds with one version only get their name; `object` is shared and not changed. */
export function convertObject(
  object: KubeObject,
  to: Pick<ResourceDefinition, "group" | "version" | "kind">,
): KubeObject {
  const apiVersion = apiVersionOf(to);
  if (object.apiVersion === apiVersion) return object;
  const convert = converters[`${apiVersion} ${to.kind}`];
  return { ...(convert === undefined ? object : convert(object)), apiVersion, kind: to.kind };
}

/** The group and version an object is stored in. */
export function storedVersion(definition: Pick<ResourceDefinition, "group" | "version" | "kind">): {
  group: string;
  version: string;
} {
  if (definition.kind === "Event" && definition.group === "events.k8s.io") return { group: "", version: "v1" };
  if (definition.group === "autoscaling") return { group: "autoscaling", version: "v2" };
  return { group: definition.group, version: definition.version };
}
