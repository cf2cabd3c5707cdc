/** Label selectors as fields. Source: metav1 validation's ValidateLabelSelector. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isQualifiedName,
  isValidLabelValue,
  required,
} from "@kubets/apimachinery";
import type { LabelSelector, LabelSelectorRequirement } from "../generated/types.ts";
import { complaints, labelMap } from "./pod-field-checks.ts";

export function validateLabelSelector(selector: LabelSelector | undefined, at: FieldPath): FieldError[] {
  if (selector === undefined) return [];
  return [
    ...labelMap(at.child("matchLabels"), selector.matchLabels),
    ...(selector.matchExpressions ?? []).flatMap((each, i) =>
      validateRequirement(each, at.child("matchExpressions").index(i)),
    ),
  ];
}

function validateRequirement({ key = "", operator, values }: LabelSelectorRequirement, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  switch (operator) {
    case "In":
    case "NotIn":
      if (!values?.length)
        errors.push(required(at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case "Exists":
    case "DoesNotExist":
      if (values?.length)
        errors.push(
          forbiddenField(at.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
      break;
    default:
      errors.push(invalidValue(at.child("operator"), operator ?? "", "not a valid selector operator"));
  }
  errors.push(...complaints(at.child("key"), key, isQualifiedName(key)));
  for (const [i, value] of (values ?? []).entries())
    errors.push(...complaints(at.child("values").index(i), value, isValidLabelValue(value)));
  return errors;
}

/** How many requirements it has: an empty selector selects everything, which workloads refuse. */
export function selectorSize(selector: LabelSelector): number {
  return Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0);
}
