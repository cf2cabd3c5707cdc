/** CEL conditions on which a webhook authorizer is asked at all: `matchConditions`. Source: apiserver's authorization/cel. */

import type { ResourceAttributes, SubjectAccessReviewSpec } from "@kubets/api";
import { duplicate, type FieldError, type FieldPath, invalidValue, required, tooMany } from "@kubets/apimachinery";
import type { Environment, Program, Type } from "@kubets/cel";

type Cel = typeof import("@kubets/cel");

const maxConditions = 64;

export interface MatchConditions {
  /** Whether all hold; an Error when none is false and at least one could not be evaluated. */
  matches(spec: SubjectAccessReviewSpec): boolean | Error;
}

/** @returns what is wrong with them, or undefined conditions when there are none */
export async function compileMatchConditions(
  conditions: readonly { readonly expression?: string }[],
  at: FieldPath,
): Promise<{ errors: FieldError[]; conditions?: MatchConditions }> {
  if (conditions.length === 0) return { errors: [] };
  if (conditions.length > maxConditions)
    return { errors: [tooMany(at.child("matchConditions"), conditions.length, maxConditions)] };
  const cel = await import("@kubets/cel");
  const environment = environmentOf(cel);
  const errors: FieldError[] = [];
  const programs: Program[] = [];
  const seen = new Set<string>();
  for (const [index, { expression = "" }] of conditions.entries()) {
    const where = at.child("matchConditions").index(index).child("expression");
    if (expression.trim() === "") errors.push(required(where));
    else if (seen.has(expression)) errors.push(duplicate(where, expression));
    else {
      seen.add(expression);
      const program = compileOne(cel, expression, environment);
      if (typeof program === "string") errors.push(invalidValue(where, expression, program));
      else programs.push(program);
    }
  }
  return errors.length > 0 ? { errors } : { errors, conditions: { matches: (spec) => evaluate(programs, spec) } };
}

function compileOne(cel: Cel, expression: string, environment: Environment): Program | string {
  const result = cel.compile(expression, environment);
  if (result.program === undefined) return `compilation failed: ${result.message}`;
  const { resultType } = result.program;
  return resultType.kind === "bool" ? result.program : `must evaluate to bool but got ${cel.formatType(resultType)}`;
}

function environmentOf(cel: Cel): Environment {
  const { stringType: text, listType, mapType, objectType } = cel;
  const texts = listType(text);
  const requirement = objectType("kubernetes.SelectorRequirement", { key: text, operator: text, values: texts });
  const selector = (name: string): Type => objectType(name, { rawSelector: text, requirements: listType(requirement) });
  const resourceAttributes = objectType("kubernetes.ResourceAttributes", {
    namespace: text,
    verb: text,
    group: text,
    version: text,
    resource: text,
    subresource: text,
    name: text,
    fieldSelector: selector("kubernetes.FieldSelectorAttributes"),
    labelSelector: selector("kubernetes.LabelSelectorAttributes"),
  });
  const request = objectType("kubernetes.SubjectAccessReviewSpec", {
    resourceAttributes,
    nonResourceAttributes: objectType("kubernetes.NonResourceAttributes", { path: text, verb: text }),
    user: text,
    groups: texts,
    extra: mapType(text, texts),
    uid: text,
  });
  return new cel.Environment({ variables: { request } });
}

function evaluate(programs: readonly Program[], spec: SubjectAccessReviewSpec): boolean | Error {
  const errors: string[] = [];
  const bindings = { request: requestOf(spec) };
  for (const program of programs) {
    const { value, error } = program.evaluate(bindings);
    if (value === false) return false;
    if (value !== true) {
      const why = error?.message ?? "eval result type should be bool";
      errors.push(`cel evaluation error: expression '${program.source}' resulted in error: ${why}`);
    }
  }
  if (errors.length === 0) return true;
  return new Error(errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`);
}

/** Every text field is there, so that conditions need not ask whether it is. */
function requestOf({ user = "", groups = [], uid = "", extra = {}, ...rest }: SubjectAccessReviewSpec): object {
  const { resourceAttributes, nonResourceAttributes } = rest;
  return {
    user,
    groups,
    uid,
    extra,
    ...(resourceAttributes === undefined ? {} : { resourceAttributes: withAllFields(resourceAttributes) }),
    ...(nonResourceAttributes === undefined
      ? {}
      : { nonResourceAttributes: { path: "", verb: "", ...nonResourceAttributes } }),
  };
}

function withAllFields(attributes: ResourceAttributes): object {
  const empty = { namespace: "", verb: "", group: "", version: "", resource: "", subresource: "", name: "" };
  return { ...empty, ...attributes };
}
