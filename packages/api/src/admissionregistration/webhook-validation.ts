/** Validation of webhook configurations. Source: pkg/apis/admissionregistration/validation. */

import {
  deepEqual,
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Subdomain,
  path,
  pushAll,
  required,
  validateLabelSelector,
} from "@kubets/apimachinery";
import { supportedOrAbsent } from "../core/pod-field-checks.ts";
import type { MutatingWebhook, ValidatingWebhook } from "../generated/types.ts";
import { type CompileExpression, validateMatchConditions } from "./match-conditions-validation.ts";
import { validateRule } from "./rule-validation.ts";
import { speaksReview, validateReviewVersions, validateWebhookPlace } from "./webhook-client-validation.ts";

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, "reinvocationPolicy">;
interface Configuration {
  webhooks?: readonly Webhook[];
}

const failurePolicies = ["Fail", "Ignore"];
const matchPolicies = ["Equivalent", "Exact"];
const harmless = ["None", "NoneOnDryRun"];
const anySideEffects = ["None", "NoneOnDryRun", "Some", "Unknown"];
const reinvocationPolicies = ["IfNeeded", "Never"];

/** What was stored before a rule was made may stay as it is. */
interface Leniency {
  readonly sideEffects: boolean;
  readonly reviewVersions: boolean;
  readonly names: boolean;
  readonly labelValues: boolean;
  readonly matchConditions: boolean;
}

const strict: Leniency = {
  sideEffects: false,
  reviewVersions: false,
  names: false,
  labelValues: false,
  matchConditions: false,
};

/** @param compile complains about an expression of a match condition; without it expressions are not looked into */
export function validateWebhooks(configuration: Configuration, compile?: CompileExpression): FieldError[] {
  return validateAll(configuration, strict, compile);
}

/**
 * What stood in `old` already is let pass where newer rules refuse it.
 * @param compile checks match conditions; undefined: they are not looked at
 */
export function validateWebhooksUpdate(
  configuration: Configuration,
  old: Configuration,
  compile?: CompileExpression,
): FieldError[] {
  return validateAll(configuration, leniencyOf(configuration, old), compile);
}

function leniencyOf({ webhooks = [] }: Configuration, { webhooks: old = [] }: Configuration): Leniency {
  const selectorErrors = ({ namespaceSelector, objectSelector }: Webhook) => [
    ...validateLabelSelector(namespaceSelector, path("namespaceSelector")),
    ...validateLabelSelector(objectSelector, path("objectSelector")),
  ];
  return {
    sideEffects: old.some(({ sideEffects }) => !harmless.includes(sideEffects)),
    reviewVersions: old.some(
      ({ admissionReviewVersions: versions = [] }) => versions.length > 0 && !speaksReview(versions),
    ),
    names: new Set(old.map(({ name }) => name)).size < old.length,
    labelValues: old.some((webhook) => selectorErrors(webhook).length > 0),
    matchConditions:
      webhooks.length === old.length &&
      webhooks.every(({ matchConditions }, i) => deepEqual(matchConditions, old[i]?.matchConditions)),
  };
}

function validateAll(
  { webhooks = [] }: Configuration,
  leniency: Leniency,
  compile: CompileExpression | undefined,
): FieldError[] {
  const names = new Set<string>();
  return webhooks.flatMap((webhook, index) => {
    const at = path("webhooks").index(index);
    const errors = validateWebhook(webhook, at, leniency, compile);
    pushAll(
      errors,
      validateReviewVersions(webhook.admissionReviewVersions ?? [], at.child("admissionReviewVersions"), {
        requireSpoken: !leniency.reviewVersions,
        whenMissing: "must specify one of v1, v1beta1",
      }),
    );
    const { name = "" } = webhook;
    if (!leniency.names && name !== "") {
      if (names.has(name)) errors.push(duplicate(at.child("name"), name));
      names.add(name);
    }
    return errors;
  });
}

function validateWebhook(
  webhook: Webhook,
  at: FieldPath,
  leniency: Leniency,
  compile: CompileExpression | undefined,
): FieldError[] {
  const { rules = [], timeoutSeconds, sideEffects, clientConfig = {}, matchConditions } = webhook;
  const errors = validateName(webhook.name ?? "", at.child("name"));
  pushAll(
    errors,
    rules.flatMap((rule, i) => validateRule(rule, at.child("rules").index(i))),
  );
  pushAll(errors, supportedOrAbsent(at.child("failurePolicy"), webhook.failurePolicy, failurePolicies));
  pushAll(errors, supportedOrAbsent(at.child("matchPolicy"), webhook.matchPolicy, matchPolicies));
  const allowed = leniency.sideEffects ? anySideEffects : harmless;
  if (sideEffects === undefined) {
    errors.push(required(at.child("sideEffects"), `must specify one of ${allowed.join(", ")}`));
  } else pushAll(errors, supportedOrAbsent(at.child("sideEffects"), sideEffects, allowed));
  if (timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1)) {
    const why = "the timeout value must be between 1 and 30 seconds";
    errors.push(invalidValue(at.child("timeoutSeconds"), timeoutSeconds, why));
  }
  const labels = { allowInvalidValues: leniency.labelValues };
  pushAll(errors, validateLabelSelector(webhook.namespaceSelector, at.child("namespaceSelector"), labels));
  pushAll(errors, validateLabelSelector(webhook.objectSelector, at.child("objectSelector"), labels));
  pushAll(errors, supportedOrAbsent(at.child("reinvocationPolicy"), webhook.reinvocationPolicy, reinvocationPolicies));
  pushAll(errors, validateWebhookPlace(clientConfig, at.child("clientConfig")));
  if (leniency.matchConditions) return errors;
  return [...errors, ...validateMatchConditions(matchConditions, at.child("matchConditions"), compile)];
}

/** A webhook's name is a domain of three segments or more. */
function validateName(name: string, at: FieldPath): FieldError[] {
  if (name === "") return [required(at)];
  const complaints = isDNS1123Subdomain(name);
  if (complaints.length > 0) return [invalidValue(at, name, complaints.join(","))];
  if (name.split(".").length >= 3) return [];
  return [invalidValue(at, name, "should be a domain with at least three segments separated by dots")];
}
