/** ComponentStatus: made up when asked for, from the health of what stands behind the API. Source: pkg/registry/core/componentstatus. */

import type { ComponentStatus } from "@kubets/api";
import { type Health, notFound } from "@kubets/apimachinery";
import { ServedObject } from "../registry/served-object.ts";
import type { Answer } from "../request/request.ts";
import type { ResourceCall } from "../server/context.ts";

/** By upstream's names: `scheduler`, `controller-manager`, `etcd-0`. */
export type ComponentHealth = () => Readonly<Record<string, Health>>;

/** Answers get and list. */
export function componentStatuses(health: ComponentHealth): (call: ResourceCall) => Answer {
  return ({ info, resource: { definition } }) => {
    const served = Object.entries(health()).map(([name, state]) => ServedObject.fromObject(statusOf(name, state)));
    if (info.name === "") return { status: 200, content: { type: "list", items: served, metadata: {}, definition } };
    const found = served.find(({ object }) => object.metadata?.name === info.name);
    if (found === undefined) throw notFound({ group: "", resource: "componentstatuses" }, info.name);
    return { status: 200, content: { type: "object", served: found, definition } };
  };
}

function statusOf(name: string, health: Health): ComponentStatus {
  const condition = health.ok
    ? { type: "Healthy", status: "True", message: "ok" }
    : { type: "Healthy", status: "False", message: health.reason };
  return { kind: "ComponentStatus", apiVersion: "v1", metadata: { name }, conditions: [condition] };
}
