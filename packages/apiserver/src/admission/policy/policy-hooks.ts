/** Expressions of policies are compiled before they are stored: @kubets/api, which checks the rest, knows no CEL. */

import {
  type CompilePolicyExpression,
  type MutatingAdmissionPolicy,
  type ValidatingAdmissionPolicy,
  validateMutatingPolicy,
  validateValidatingPolicy,
} from "@kubets/api";
import { deepEqual, type FieldError, invalid, type KubeObject, TimeSlice } from "@kubets/apimachinery";
import type { Environment, Type } from "@kubets/cel";
import type { RegistryHooks } from "../../registry/write-request.ts";
import type { Policy } from "./compile-policy.ts";
import { type Cel, DeclaredVariables, policyEnvironment } from "./environment.ts";
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

interface Asked {
  readonly use: Parameters<CompilePolicyExpression>[0];
  readonly expression: string;
  readonly variable: string | undefined;
}

/** Validates twice: to find the expressions, and with what has become of them. @throws StatusError 422 */
async function checked(policy: Policy, validate: Validate, skipMatchConditions: boolean): Promise<undefined> {
  const cel = await import("@kubets/cel");
  const asked = new Map<string, Asked>();
  const note: CompilePolicyExpression = (use, expression, variable) => {
    asked.set(keyOf(use, expression, variable), { use, expression, variable });
    return undefined;
  };
  validate(policy, note, skipMatchConditions);
  const faults = await compileAll(cel, policy, asked);
  const errors = validate(policy, (...each) => faults.get(keyOf(...each)), skipMatchConditions);
  const { kind = "", metadata } = policy as KubeObject;
  if (errors.length > 0) throw invalid("admissionregistration.k8s.io", kind, metadata?.name ?? "", errors);
  return undefined;
}

function keyOf(...[use, expression, variable = ""]: Parameters<CompilePolicyExpression>): string {
  return `${use} ${variable} ${expression}`;
}

/** What is wrong with expressions, compiled in order, with others' turns in between. Variables are known to those that come after them. */
async function compileAll(
  cel: Cel,
  { spec }: Policy,
  asked: ReadonlyMap<string, Asked>,
): Promise<ReadonlyMap<string, string | undefined>> {
  const [none, declared] = [new DeclaredVariables(cel), new DeclaredVariables(cel)];
  const params = spec?.paramKind !== undefined;
  const returns: Readonly<Record<string, readonly Type[]>> = {
    matchCondition: [cel.boolType],
    validation: [cel.boolType],
    message: [cel.stringType],
    auditAnnotation: [cel.stringType, cel.nullType],
    JSONPatch: [cel.listType(cel.objectType("JSONPatch", {}))],
    ApplyConfiguration: [cel.objectType("Object", {})],
  };
  const environments = new Map<string, Environment>();
  const environmentOf = (use: string): Environment => {
    let found = environments.get(use);
    if (found === undefined) {
      found = policyEnvironment(cel, {
        params,
        authorizer: use !== "message",
        patchTypes: use === "JSONPatch" || use === "ApplyConfiguration",
        // Conditions are looked at before variables are known.
        variables: use === "matchCondition" ? none : declared,
      });
      environments.set(use, found);
    }
    return found;
  };
  const slice = new TimeSlice();
  const faults = new Map<string, string | undefined>();
  for (const [key, { use, expression, variable }] of asked) {
    const compiled = compileExpression(cel, expression, environmentOf(use), returns[use]);
    if (variable !== undefined) declared.declare(variable, compiled.program?.resultType ?? cel.dynType);
    faults.set(key, compiled.error);
    if (slice.over) await slice.end();
  }
  return faults;
}
