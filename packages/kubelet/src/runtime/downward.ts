/** The downward API: a pod's own fields and resources, for environment and volumes. Source: pkg/fieldpath and pkg/api/v1/resource. */

import type { Container, Pod, ResourceFieldSelector } from "@kubets/api";
import { parseQuantity, Quantity } from "@kubets/apimachinery";
import { isHostNetwork } from "../pods/pod-ref.ts";

/** What a pod's fields need from outside of the object. */
export interface DownwardFacts {
  readonly hostIPs: readonly string[];
  /** Of the sandbox; empty before there is one. */
  readonly podIPs: readonly string[];
  /** The node's allocatable resources: the limits of containers without any. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** `key="value"` lines, sorted, as `metadata.labels` reads in a volume. */
export function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join("\n");
}

const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/;

/** @throws Error for a path the downward API does not have. */
export function fieldValue(pod: Pod, fieldPath: string, facts: DownwardFacts): string {
  const meta = pod.metadata ?? {};
  const match = subscript.exec(fieldPath);
  if (match !== null) return (match[1] === "labels" ? meta.labels : meta.annotations)?.[match[2]!] ?? "";
  const podIPs = isHostNetwork(pod) ? facts.hostIPs : facts.podIPs;
  switch (fieldPath) {
    case "metadata.name":
      return meta.name ?? "";
    case "metadata.namespace":
      return meta.namespace ?? "";
    case "metadata.uid":
      return meta.uid ?? "";
    case "metadata.labels":
      return formatMap(meta.labels);
    case "metadata.annotations":
      return formatMap(meta.annotations);
    case "spec.nodeName":
      return pod.spec?.nodeName ?? "";
    case "spec.serviceAccountName":
      return pod.spec?.serviceAccountName ?? "";
    case "status.hostIP":
      return facts.hostIPs[0] ?? "";
    case "status.hostIPs":
      return facts.hostIPs.join(",");
    case "status.podIP":
      return podIPs[0] ?? "";
    case "status.podIPs":
      return podIPs.join(",");
    default:
      throw new Error(`unsupported fieldPath: ${fieldPath}`);
  }
}

/** A container's request or limit as a whole number of `divisor`s, rounded up. @throws Error for an unknown resource. */
export function resourceValue(container: Container, selector: ResourceFieldSelector, facts: DownwardFacts): string {
  const [kind, name] = splitOnce(selector.resource);
  const own = (kind === "limits" ? container.resources?.limits : container.resources?.requests)?.[name];
  if ((kind !== "limits" && kind !== "requests") || !isKnown(name)) {
    throw new Error(`unsupported container resource : ${selector.resource}`);
  }
  const text = own ?? (kind === "limits" ? facts.allocatable[name] : undefined) ?? "0";
  const divisor = orOne(selector.divisor);
  const amount = parseQuantity(text);
  const nanos = divisor.nanoValue();
  const count = (amount.nanoValue() + nanos - 1n) / nanos;
  return count.toString();
}

function splitOnce(text: string): [string, string] {
  const dot = text.indexOf(".");
  return dot < 0 ? [text, ""] : [text.slice(0, dot), text.slice(dot + 1)];
}

function isKnown(name: string): boolean {
  return name === "cpu" || name === "memory" || name === "ephemeral-storage" || name.startsWith("hugepages-");
}

function orOne(divisor: string | undefined): Quantity {
  const parsed = divisor === undefined ? Quantity.zero : parseQuantity(divisor);
  return parsed.isZero() ? Quantity.of(1) : parsed;
}
