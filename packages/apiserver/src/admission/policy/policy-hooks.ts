/** Expressions of policies are compiled before they are stored: @kubets/api, which checks the rest, knows no CEL. */

import {
  type CompilePolicyExpression,
  type MutatingAdmissionPolicy,
  type ValidatingAdmissionPolicy,
  validateMutatingPolicy,
  validateValidatingPolicy,
} from "@kubets/api";
import { deepEqual, type FieldError, invalid, type KubeObject } from "@kubets/apimachinery";
import type { Type } from "@kubets/cel";
import type { RegistryHooks } from "../../registry/write-request.ts";
import type { Policy } from "./compile-policy.ts";
import { type Cel, policyEnvironment } from "./environment.ts";
import { compileExpression } from "./expression.ts";

type Validate = (policy: Policy, compile: CompilePolicyExpression, skipMatchConditions: boolean) => FieldError[];

function hooks(validate: Validate): RegistryHooks {
  return {
    beginCreate: (object) => checked(object as Policy, validate, false),
    beginUpdate: (object, old) => checked(object as Policy, validate, sameConditions(object as Policy, old as Policy)),
  };
}

/** By `group/plural`. */
export const policyHooks: Readonly<Record<string, RegistryHooks>> = {
  "admissionregistration.k8s.io/validatingadmissionpolicies": hooks((policy, ...rest) =>
    validateValidatingPolicy(policy as ValidatingAdmissionPolicy, ...rest),
  ),
  "admissionregistration.k8s.io/mutatingadmissionpolicies": hooks((policy, ...rest) =>
    validateMutatingPolicy(policy as MutatingAdmissionPolicy, ...rest),
  ),
};

/** What is stored may stay. */
function sameConditions({ spec }: Policy, { spec: old }: Policy): boolean {
  return (
    deepEqual(spec?.paramKind ?? null, old?.paramKind ?? null) &&
    deepEqual(spec?.matchConditions ?? [], old?.matchConditions ?? [])
  );
}

/** @throws StatusError 422 */
async function checked(policy: Policy, validate: Validate, skipMatchConditions: boolean): Promise<undefined> {
  const cel = await import("@kubets/cel");
  const errors = validate(policy, compiler(cel, policy), skipMatchConditions);
  const { kind = "", metadata } = policy as KubeObject;
  if (errors.length > 0) throw invalid("admissionregistration.k8s.io", kind, metadata?.name ?? "", errors);
  return undefined;
}

/** Remembers the variables it has seen: what comes after may refer to them. */
function compiler(cel: Cel, { spec }: Policy): CompilePolicyExpression {
  const types: Record<string, Type> = {};
  const params = spec?.paramKind !== undefined;
  const returns: Readonly<Record<string, readonly Type[]>> = {
    matchCondition: [cel.boolType],
    validation: [cel.boolType],
    message: [cel.stringType],
    auditAnnotation: [cel.stringType, cel.nullType],
    JSONPatch: [cel.listType(cel.objectType("JSONPatch", {}))],
    ApplyConfiguration: [cel.objectType("Object", {})],
  };
  return (use, expression, variable) => {
    const environment = policyEnvironment(cel, {
      params,
      authorizer: use !== "message",
      patchTypes: use === "JSONPatch" || use === "ApplyConfiguration",
      // Conditions are looked at before variables are known.
      variables: use === "matchCondition" ? {} : types,
    });
    const compiled = compileExpression(cel, expression, environment, returns[use]);
    if (variable !== undefined) types[variable] = compiled.program?.resultType ?? cel.dynType;
    return compiled.error;
  };
}
