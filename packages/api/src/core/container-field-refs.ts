/** References to a Pod's own fields and resources, in environment and volumes. Source: validateObjectFieldSelector, validateContainerResourceFieldSelector. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  required,
  tryParseQuantity,
} from "@kubets/apimachinery";
import type { ObjectFieldSelector, ResourceFieldSelector } from "../generated/types.ts";
import { qualifiedName } from "./pod-field-checks.ts";

/** What the downward API has ever known, so that an unknown path is told from one that is not allowed here. */
const knownPaths = new Set([
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.restartPolicy",
  "spec.serviceAccountName",
  "spec.schedulerName",
  "status.phase",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
]);

/** `metadata.labels['app']` is path `metadata.labels`, subscript `app`. */
function splitSubscript(fieldPath: string): { path: string; subscript: string | undefined } {
  const match = /^([^[]*)\['(.*)'\]$/s.exec(fieldPath);
  return match === null
    ? { path: fieldPath, subscript: undefined }
    : { path: match[1] ?? "", subscript: match[2] ?? "" };
}

export function validateFieldSelector(
  selector: ObjectFieldSelector,
  allowed: readonly string[],
  at: FieldPath,
): FieldError[] {
  if (!selector.apiVersion) return [required(at.child("apiVersion"))];
  if (!selector.fieldPath) return [required(at.child("fieldPath"))];
  const fieldPath = selector.fieldPath === "spec.host" ? "spec.nodeName" : selector.fieldPath;
  const { path, subscript } = splitSubscript(fieldPath);

  const problem = conversionProblem(selector.apiVersion, path, subscript);
  if (problem !== undefined)
    return [invalidValue(at.child("fieldPath"), selector.fieldPath, `error converting fieldPath: ${problem}`)];
  if (subscript === undefined)
    return allowed.includes(path) ? [] : [notSupported(at.child("fieldPath"), path, [...allowed].sort())];
  if (path === "metadata.annotations") return qualifiedName(at, subscript.toLowerCase());
  if (path === "metadata.labels") return qualifiedName(at, subscript);
  return [invalidValue(at, path, "does not support subscript")];
}

function conversionProblem(apiVersion: string, path: string, subscript: string | undefined): string | undefined {
  if (apiVersion !== "v1") return `unsupported pod version: ${apiVersion}`;
  if (subscript !== undefined && path !== "metadata.annotations" && path !== "metadata.labels")
    return `field label does not support subscript: ${path}`;
  return knownPaths.has(path) ? undefined : `field label not supported: ${path}`;
}

const byteDivisors = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
const resourcePaths = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];
const isHugePagePath = (path: string) => path.startsWith("limits.hugepages-") || path.startsWith("requests.hugepages-");

/** In a volume the container must be named; in its own environment it is understood. */
export function validateResourceFieldSelector(
  selector: ResourceFieldSelector,
  at: FieldPath,
  inVolume: boolean,
): FieldError[] {
  const { resource = "" } = selector;
  const errors: FieldError[] = [];
  if (inVolume && !selector.containerName) errors.push(required(at.child("containerName")));
  else if (resource === "") errors.push(required(at.child("resource")));
  else if (!resourcePaths.includes(resource) && !isHugePagePath(resource))
    errors.push(notSupported(at.child("resource"), resource, resourcePaths));
  return [...errors, ...validateDivisor(resource, selector.divisor, at)];
}

function validateDivisor(resource: string, divisor: string | undefined, at: FieldPath): FieldError[] {
  const quantity = tryParseQuantity(divisor);
  if (quantity === undefined || quantity.isZero()) return [];
  const name = divisorName(resource);
  if (name === undefined) return [];
  const allowed = name === "cpu" ? ["1m", "1"] : byteDivisors;
  if (allowed.includes(quantity.toString())) return [];
  const list = name === "cpu" ? "1m and 1" : byteDivisors.join(", ");
  return [
    invalidValue(
      at.child("divisor"),
      resource,
      `only divisor's values ${list} are supported with the ${name} resource`,
    ),
  ];
}

function divisorName(resource: string): string | undefined {
  if (isHugePagePath(resource)) return "hugepages";
  const [, name] = /^(?:limits|requests)\.(cpu|memory|ephemeral-storage)$/.exec(resource) ?? [];
  return name === "ephemeral-storage" ? "local ephemeral storage" : name;
}
