/** Validation of matchConditions of webhooks and policies. Source: pkg/apis/admissionregistration/validation. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  isQualifiedName,
  pushAll,
  required,
  tooMany,
} from "@kubets/apimachinery";
import type { MatchCondition } from "../generated/types.ts";

/** What is wrong with an expression, in upstream's words; undefined when nothing is. CEL is not known here. */
export type CompileExpression = (expression: string) => string | undefined;

const maxConditions = 64;

export function validateMatchConditions(
  conditions: readonly MatchCondition[] = [],
  at: FieldPath,
  compile: CompileExpression = () => undefined,
): FieldError[] {
  const errors = conditions.length > maxConditions ? [tooMany(at, conditions.length, maxConditions)] : [];
  const names = new Set<string>();
  for (const [i, { name = "", expression = "" }] of conditions.entries()) {
    const trimmed = expression.trim();
    const where = at.index(i).child("expression");
    const complaint = trimmed === "" ? undefined : compile(trimmed);
    if (trimmed === "") errors.push(required(where));
    else if (complaint !== undefined) errors.push(invalidValue(where, trimmed, complaint));
    pushAll(errors, validateName(name, at.index(i).child("name")));
    if (name !== "" && names.has(name)) errors.push(duplicate(at.index(i).child("name"), name));
    names.add(name);
  }
  return errors;
}

function validateName(name: string, at: FieldPath): FieldError[] {
  if (name === "") return [required(at)];
  return isQualifiedName(name).map((why) => invalidValue(at, name, why));
}
