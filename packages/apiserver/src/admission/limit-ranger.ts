/** Defaults and bounds for resources, from a namespace's LimitRanges. Source: kubernetes' plugin/pkg/admission/limitranger. */

import {
  type Container,
  type LimitRange,
  type LimitRangeItem,
  type PersistentVolumeClaim,
  type Pod,
  podLimits,
  podRequests,
} from "@kubets/api";
import { parseQuantity, pushAll, type Quantity } from "@kubets/apimachinery";
import { aggregateText, isAbout, refuse } from "./errors.ts";
import type { Lister } from "./lister.ts";
import type { AdmissionPlugin } from "./plugin.ts";

const annotation = "kubernetes.io/limit-ranger";

type Amounts = ReadonlyMap<string, Quantity>;

export function limitRanger(ranges: Lister<LimitRange>): AdmissionPlugin {
  return {
    name: "LimitRanger",
    handles: (operation) => operation === "CREATE" || operation === "UPDATE",
    concerns({ group, plural }, operation, subresource) {
      if (group !== "") return false;
      if (plural === "persistentvolumeclaims") return subresource === "";
      return plural === "pods" && subresource === (operation === "CREATE" ? "" : "resize");
    },
    mutate(attributes) {
      if (!isAbout(attributes, "", "pods")) return;
      for (const limitRange of ranges.in(attributes.namespace).values())
        setDefaults(attributes.object as Pod, limitRange);
    },
    validate(attributes) {
      const { object, oldObject, definition, namespace } = attributes;
      if (oldObject?.metadata?.deletionTimestamp !== undefined) return;
      for (const limitRange of ranges.in(namespace).values()) {
        const problems =
          definition.plural === "pods" ? podProblems(limitRange, object as Pod) : claimProblems(limitRange, object!);
        if (problems.length > 0) throw refuse(attributes, aggregateText(problems));
      }
    },
  };
}

function itemsOf(limitRange: LimitRange, type: string): LimitRangeItem[] {
  return (limitRange.spec?.limits ?? []).filter((item) => item.type === type);
}

function setDefaults(pod: Pod, limitRange: LimitRange): void {
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  for (const item of itemsOf(limitRange, "Container")) {
    Object.assign(requests, item.defaultRequest);
    Object.assign(limits, item.default);
  }
  const notes: string[] = [];
  for (const container of pod.spec?.containers ?? []) pushAll(notes, fill(container, requests, limits, "container"));
  for (const container of pod.spec?.initContainers ?? [])
    pushAll(notes, fill(container, requests, limits, "init container"));
  if (notes.length === 0) return;
  pod.metadata ??= {};
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [annotation]: `LimitRanger plugin set: ${notes.join("; ")}`,
  };
}

function fill(
  container: Container,
  requests: Record<string, string>,
  limits: Record<string, string>,
  kind: string,
): string[] {
  const notes: string[] = [];
  for (const [which, defaults] of [
    ["requests", requests],
    ["limits", limits],
  ] as const) {
    const given = container.resources?.[which] ?? {};
    const missing = Object.keys(defaults).filter((name) => !Object.hasOwn(given, name));
    if (missing.length === 0) continue;
    const added = Object.fromEntries(missing.map((name) => [name, defaults[name]!]));
    container.resources = { ...container.resources, [which]: { ...given, ...added } };
    notes.push(`${missing.sort().join(", ")} ${which.slice(0, -1)} for ${kind} ${container.name}`);
  }
  return notes;
}

function podProblems(limitRange: LimitRange, pod: Pod): string[] {
  const problems: string[] = [];
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  for (const item of itemsOf(limitRange, "Container")) {
    for (const { resources } of containers)
      pushAll(problems, itemProblems(item, amountsOf(resources?.requests), amountsOf(resources?.limits)));
  }
  for (const item of itemsOf(limitRange, "Pod"))
    pushAll(problems, itemProblems(item, podTotal(pod, "requests"), podTotal(pod, "limits")));
  return problems;
}

/** Only of resources that every container names, or the pod itself, as upstream counts them. */
function podTotal(pod: Pod, which: "requests" | "limits"): Amounts {
  const total = which === "requests" ? podRequests(pod) : podLimits(pod);
  const containers = pod.spec?.containers ?? [];
  const isNamed = (name: string) =>
    pod.spec?.resources?.[which]?.[name] !== undefined ||
    containers.every(({ resources }) => resources?.[which]?.[name] !== undefined);
  return new Map([...total].filter(([name]) => isNamed(name)));
}

function amountsOf(amounts: Readonly<Record<string, string>> | undefined): Amounts {
  return new Map(Object.entries(amounts ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

function itemProblems(item: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  const problems: string[] = [];
  const { type } = item;
  for (const [name, min] of amountsOf(item.min)) {
    const [request, limit] = [requests.get(name), limits.get(name)];
    const what = `minimum ${name} usage per ${type} is ${min}`;
    if (request === undefined) problems.push(`${what}.  No request is specified`);
    else if (request.cmp(min) < 0) problems.push(`${what}, but request is ${request}`);
    else if (limit !== undefined && limit.cmp(min) < 0) problems.push(`${what}, but limit is ${limit}`);
  }
  for (const [name, max] of amountsOf(item.max)) {
    const [request, limit] = [requests.get(name), limits.get(name)];
    const what = `maximum ${name} usage per ${type} is ${max}`;
    if (limit === undefined) problems.push(`${what}.  No limit is specified`);
    else if (limit.cmp(max) > 0) problems.push(`${what}, but limit is ${limit}`);
    else if (request !== undefined && request.cmp(max) > 0) problems.push(`${what}, but request is ${request}`);
  }
  for (const [name, ratio] of amountsOf(item.maxLimitRequestRatio)) {
    const what = `${name} max limit to request ratio per ${type} is ${ratio}`;
    const [request, limit] = [requests.get(name), limits.get(name)];
    if (request === undefined || request.isZero())
      problems.push(`${what}, but no request is specified or request is 0`);
    else if (limit === undefined || limit.isZero()) problems.push(`${what}, but no limit is specified or limit is 0`);
    else {
      const observed = limit.toNumber() / request.toNumber();
      if (observed > ratio.toNumber()) problems.push(`${what}, but provided ratio is ${observed.toFixed(6)}`);
    }
  }
  return problems;
}

function claimProblems(limitRange: LimitRange, claim: PersistentVolumeClaim): string[] {
  const requests = amountsOf(claim.spec?.resources?.requests);
  const problems: string[] = [];
  for (const { type, min, max } of itemsOf(limitRange, "PersistentVolumeClaim")) {
    for (const [name, bound] of amountsOf(min)) {
      const request = requests.get(name);
      if (request === undefined)
        problems.push(`minimum ${name} usage per ${type} is ${bound}.  No request is specified`);
      else if (request.cmp(bound) < 0)
        problems.push(`minimum ${name} usage per ${type} is ${bound}, but request is ${request}`);
    }
    for (const [name, bound] of amountsOf(max)) {
      const request = requests.get(name);
      if (request === undefined)
        problems.push(`maximum ${name} usage per ${type} is ${bound}.  No request is specified`);
      else if (request.cmp(bound) > 0)
        problems.push(`maximum ${name} usage per ${type} is ${bound}, but request is ${request}`);
    }
  }
  return problems;
}
