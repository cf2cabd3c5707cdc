/** Conditions of the common form (metav1.Condition). Source: apimachinery's apis/meta/v1/validation. */

import {
  byteLength,
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  pushAll,
  regexError,
  required,
  seenBefore,
  tooLong,
  validateLabelName,
} from "@kubets/apimachinery";
import type { Condition } from "../generated/types.ts";
import { complaints } from "./pod-field-checks.ts";

const statuses = ["False", "True", "Unknown"];
const limits = { reason: 1024, message: 32 * 1024 };
const reasonPattern = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";
const reasonRegexp = new RegExp(`^${reasonPattern}$`);

export function validateConditions(conditions: readonly Condition[] | undefined, at: FieldPath): FieldError[] {
  const seen = seenBefore<string>();
  return (conditions ?? []).flatMap((condition, i) => {
    const errors = validateCondition(condition, at.index(i));
    return seen(condition.type) ? [duplicate(at.index(i).child("type"), condition.type), ...errors] : errors;
  });
}

function validateCondition(condition: Condition, at: FieldPath): FieldError[] {
  const { type = "", status = "", observedGeneration = 0, lastTransitionTime, reason = "", message = "" } = condition;
  const errors = validateLabelName(type, at.child("type"));
  if (!statuses.includes(status)) errors.push(notSupported(at.child("status"), status, statuses));
  if (observedGeneration < 0) {
    const why = "must be greater than or equal to zero";
    errors.push(invalidValue(at.child("observedGeneration"), observedGeneration, why));
  }
  if (!lastTransitionTime) errors.push(required(at.child("lastTransitionTime"), "must be set"));
  if (reason === "") errors.push(required(at.child("reason"), "must be set"));
  else pushAll(errors, complaints(at.child("reason"), reason, reasonProblems(reason)));
  if (byteLength(reason) > limits.reason) errors.push(tooLong(at.child("reason"), limits.reason));
  if (byteLength(message) > limits.message) errors.push(tooLong(at.child("message"), limits.message));
  return errors;
}

function reasonProblems(reason: string): string[] {
  if (reasonRegexp.test(reason)) return [];
  const text =
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
  return [regexError(text, reasonPattern, "my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")];
}
