/** Validation of labels and of metav1.LabelSelector. Texts: apimachinery's apis/meta/v1/validation. */

import { type FieldError, type FieldPath, forbiddenField, invalidValue, required } from "./field-error.ts";
import type { LabelSelector, LabelSelectorRequirement } from "./labels.ts";
import { isQualifiedName, isValidLabelValue } from "./names.ts";
import { pushAll } from "./push-all.ts";

/** Errors are at the map itself, as upstream has them, not at its keys. */
export function validateLabels(labels: Readonly<Record<string, string>>, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const key of Object.keys(labels)) {
    pushAll(errors, validateLabelName(key, at));
    const value = labels[key] ?? "";
    for (const why of isValidLabelValue(value)) errors.push(invalidValue(at, value, why));
  }
  return errors;
}

/** A label's key: a name of up to 63 characters, with a DNS subdomain before a slash or without. */
export function validateLabelName(name: string, at: FieldPath): FieldError[] {
  return isQualifiedName(name).map((why) => invalidValue(at, name, why));
}

/** How much of a label selector is let pass that new objects may not hold. */
export interface LabelSelectorRules {
  /** Stored objects may hold values that were once allowed. */
  readonly allowInvalidValues?: boolean;
}

/** None at all is valid. @param rules how much is let pass that older objects hold */
export function validateLabelSelector(
  selector: LabelSelector | undefined,
  at: FieldPath,
  rules: LabelSelectorRules = {},
): FieldError[] {
  if (selector === undefined) return [];
  const errors = validateLabels(selector.matchLabels ?? {}, at.child("matchLabels"));
  for (const [i, requirement] of (selector.matchExpressions ?? []).entries()) {
    pushAll(errors, validateRequirement(requirement, at.child("matchExpressions").index(i), rules));
  }
  return errors;
}

function validateRequirement(
  requirement: LabelSelectorRequirement,
  at: FieldPath,
  rules: LabelSelectorRules,
): FieldError[] {
  const errors: FieldError[] = [];
  const { key, operator, values = [] } = requirement;
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) {
      errors.push(required(at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
    }
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) {
      errors.push(
        forbiddenField(at.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      );
    }
  } else {
    errors.push(invalidValue(at.child("operator"), operator ?? "", "not a valid selector operator"));
  }
  pushAll(errors, validateLabelName(key ?? "", at.child("key")));
  if (rules.allowInvalidValues) return errors;
  for (const [i, value] of values.entries()) {
    for (const why of isValidLabelValue(value)) errors.push(invalidValue(at.child("values").index(i), value, why));
  }
  return errors;
}
