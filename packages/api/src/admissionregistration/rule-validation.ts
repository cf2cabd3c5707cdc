/** Validation of rules of webhooks and policies. Source: pkg/apis/admissionregistration/validation. */

import { type FieldError, type FieldPath, invalidValue, notSupported, pushAll, required } from "@kubets/apimachinery";
import type { RuleWithOperations } from "../generated/types.ts";

const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const scopes = ["*", "Cluster", "Namespaced"];

export function validateRule(rule: RuleWithOperations, at: FieldPath): FieldError[] {
  const { apiVersions = [], scope } = rule;
  const errors = validateOperations(rule.operations ?? [], at.child("operations"));
  pushAll(errors, alone(rule.apiGroups ?? [], "API groups", at.child("apiGroups")));
  pushAll(errors, alone(apiVersions, "API versions", at.child("apiVersions")));
  for (const [i, version] of apiVersions.entries()) {
    if (version === "") errors.push(required(at.child("apiVersions").index(i)));
  }
  pushAll(errors, validateResources(rule.resources ?? [], at.child("resources")));
  if (scope !== undefined && !scopes.includes(scope)) errors.push(notSupported(at.child("scope"), scope, scopes));
  return errors;
}

function validateOperations(values: readonly string[], at: FieldPath): FieldError[] {
  const errors = alone(values, "operations", at);
  for (const [i, operation] of values.entries()) {
    if (!operations.includes(operation)) errors.push(notSupported(at.index(i), operation, operations));
  }
  return errors;
}

/** Needed, and `*` stands for all of them. */
function alone(values: readonly string[], what: string, at: FieldPath): FieldError[] {
  if (values.length === 0) return [required(at)];
  if (values.length === 1 || !values.includes("*")) return [];
  return [invalidValue(at, values, `if '*' is present, must not specify other ${what}`)];
}

function validateResources(resources: readonly string[], at: FieldPath): FieldError[] {
  if (resources.length === 0) return [required(at)];
  const errors: FieldError[] = [];
  const withAllSubresources = new Set<string>();
  const ofAllResources = new Set<string>();
  let namesResource = false;
  for (const [i, resource] of resources.entries()) {
    const where = at.index(i);
    if (resource === "") {
      errors.push(required(where));
      continue;
    }
    const slash = resource.indexOf("/");
    if (slash < 0) {
      // As upstream, the last one decides.
      namesResource = resource !== "*";
      continue;
    }
    const [name, sub] = [resource.slice(0, slash), resource.slice(slash + 1)];
    const clash = (pattern: string) => `if '${pattern}' is present, must not specify ${resource}`;
    if (withAllSubresources.has(name)) errors.push(invalidValue(where, resource, clash(`${name}/*`)));
    if (ofAllResources.has(sub)) errors.push(invalidValue(where, resource, clash(`*/${sub}`)));
    if (sub === "*") withAllSubresources.add(name);
    if (name === "*") ofAllResources.add(sub);
  }
  if (resources.length > 1 && resources.includes("*/*")) {
    errors.push(invalidValue(at, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes("*") && namesResource) {
    const why = "if '*' is present, must not specify other resources without subresources";
    errors.push(invalidValue(at, resources, why));
  }
  return errors;
}
