/** Validation of webhook configurations. Source: pkg/apis/admissionregistration/validation. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Subdomain,
  isValidPortNum,
  notSupported,
  path,
  required,
  validateLabelSelector,
} from "@kubets/apimachinery";
import type {
  MutatingWebhook,
  RuleWithOperations,
  ValidatingWebhook,
  WebhookClientConfig,
} from "../generated/types.ts";

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, "reinvocationPolicy">;

const failurePolicies = ["Fail", "Ignore"];
const matchPolicies = ["Equivalent", "Exact"];
const sideEffects = ["None", "NoneOnDryRun"];
const reinvocationPolicies = ["IfNeeded", "Never"];
const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const scopes = ["*", "Cluster", "Namespaced"];

export function validateWebhooks({ webhooks = [] }: { webhooks?: readonly Webhook[] }): FieldError[] {
  return webhooks.flatMap((webhook, index) => {
    const at = path("webhooks").index(index);
    const seen = webhooks.slice(0, index).some((other) => other.name === webhook.name);
    return [...validateWebhook(webhook, at), ...(seen ? [duplicate(at.child("name"), webhook.name)] : [])];
  });
}

function validateWebhook(webhook: Webhook, at: FieldPath): FieldError[] {
  const { rules = [], timeoutSeconds, admissionReviewVersions = [] } = webhook;
  const errors = validateName(webhook.name ?? "", at.child("name"));
  if (admissionReviewVersions.length === 0) {
    const why = "must specify one of v1, v1beta1";
    errors.push(required(at.child("admissionReviewVersions"), why));
  } else if (!admissionReviewVersions.some((version) => version === "v1" || version === "v1beta1")) {
    const why = "must include at least one of v1, v1beta1";
    errors.push(invalidValue(at.child("admissionReviewVersions"), admissionReviewVersions, why));
  }
  errors.push(...rules.flatMap((rule, i) => validateRule(rule, at.child("rules").index(i))));
  errors.push(...oneOf(webhook.failurePolicy, failurePolicies, at.child("failurePolicy")));
  errors.push(...oneOf(webhook.matchPolicy, matchPolicies, at.child("matchPolicy")));
  if (webhook.sideEffects === undefined) {
    errors.push(required(at.child("sideEffects"), `must specify one of ${sideEffects.join(", ")}`));
  } else errors.push(...oneOf(webhook.sideEffects, sideEffects, at.child("sideEffects")));
  if (timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1)) {
    const why = "the timeout value must be between 1 and 30 seconds";
    errors.push(invalidValue(at.child("timeoutSeconds"), timeoutSeconds, why));
  }
  errors.push(...oneOf(webhook.reinvocationPolicy, reinvocationPolicies, at.child("reinvocationPolicy")));
  errors.push(...validateLabelSelector(webhook.namespaceSelector, at.child("namespaceSelector")));
  errors.push(...validateLabelSelector(webhook.objectSelector, at.child("objectSelector")));
  return [...errors, ...validateClientConfig(webhook.clientConfig ?? {}, at.child("clientConfig"))];
}

function oneOf(value: string | undefined, allowed: readonly string[], at: FieldPath): FieldError[] {
  return value === undefined || allowed.includes(value) ? [] : [notSupported(at, value, allowed)];
}

/** A webhook's name is a domain of three segments or more. */
function validateName(name: string, at: FieldPath): FieldError[] {
  if (name === "") return [required(at)];
  const complaints = isDNS1123Subdomain(name);
  if (complaints.length > 0) return [invalidValue(at, name, complaints.join(","))];
  if (name.split(".").length >= 3) return [];
  return [invalidValue(at, name, "should be a domain with at least three segments separated by dots")];
}

function validateRule(rule: RuleWithOperations, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ["operations", "apiGroups", "apiVersions", "resources"] as const) {
    const values: readonly string[] = rule[field] ?? [];
    const where = at.child(field);
    if (values.length === 0) errors.push(required(where));
    else if (field !== "resources" && values.includes("*") && values.length > 1) {
      const why = `if '*' is present, must not specify other ${field === "apiGroups" ? "API groups" : field === "apiVersions" ? "API versions" : field}`;
      errors.push(invalidValue(where, values, why));
    }
  }
  for (const [i, operation] of (rule.operations ?? []).entries()) {
    errors.push(...oneOf(operation, operations, at.child("operations").index(i)));
  }
  return [...errors, ...oneOf(rule.scope, scopes, at.child("scope"))];
}

function validateClientConfig({ url, service }: WebhookClientConfig, at: FieldPath): FieldError[] {
  if ((url === undefined) === (service === undefined))
    return [required(at, "exactly one of url or service is required")];
  if (service !== undefined) return validateService(service, at.child("service"));
  const where = at.child("url");
  const parsed = URL.canParse(url ?? "") ? new URL(url ?? "") : undefined;
  if (parsed === undefined)
    return [required(where, `url must be a valid URL: ${url}; desired format: https://host[:port]/path`)];
  if (parsed.protocol === "https:") return [];
  const why = `'https' is the only allowed URL scheme; desired format: https://host[:port]/path`;
  return [invalidValue(where, parsed.protocol.slice(0, -1), why)];
}

function validateService(service: NonNullable<WebhookClientConfig["service"]>, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (!service.name) errors.push(required(at.child("name"), "service name is required"));
  if (!service.namespace) errors.push(required(at.child("namespace"), "service namespace is required"));
  if (service.path !== undefined && !service.path.startsWith("/")) {
    errors.push(invalidValue(at.child("path"), service.path, "must start with a '/'"));
  }
  const { port = 443 } = service;
  for (const why of isValidPortNum(port))
    errors.push(invalidValue(at.child("port"), port, `port is not valid: ${why}`));
  return errors;
}
