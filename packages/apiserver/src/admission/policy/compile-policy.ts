/** A policy's expressions, compiled once. Source: apiserver's admission/plugin/policy/validating/plugin.go, mutating/compilation.go. */

import type { MutatingAdmissionPolicy, ValidatingAdmissionPolicy } from "@kubets/api";
import type { Type } from "@kubets/cel";
import { type Cel, type EnvironmentFeatures, type KnownTypes, policyEnvironment } from "./environment.ts";
import { compileExpression, type Expression } from "./expression.ts";

export type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy;

export interface NamedExpression extends Expression {
  readonly name: string;
}

export interface CompiledPolicy {
  readonly variables: readonly NamedExpression[];
  readonly variableTypes: Readonly<Record<string, Type>>;
  readonly matchConditions: readonly Expression[];
  /** Of a ValidatingAdmissionPolicy, in its order. */
  readonly validations: readonly Expression[];
  /** For each validation; undefined where it has no messageExpression. */
  readonly messages: readonly (Expression | undefined)[];
  readonly auditAnnotations: readonly Expression[];
  /** Of a MutatingAdmissionPolicy, in its order. */
  readonly mutations: readonly (Expression & { readonly patchType: string })[];
}

export function compilePolicy(cel: Cel, { spec }: Policy): CompiledPolicy {
  const features = { params: spec?.paramKind !== undefined, authorizer: true, patchTypes: false };
  const { variables, types: variableTypes } = compileVariables(cel, spec?.variables ?? [], features);
  const environmentWith = (more: Partial<EnvironmentFeatures>) =>
    policyEnvironment(cel, { ...features, ...more, variables: variableTypes });
  const full = environmentWith({});
  const { validations = [], auditAnnotations = [] } = (spec ?? {}) as NonNullable<ValidatingAdmissionPolicy["spec"]>;
  const { mutations = [] } = (spec ?? {}) as NonNullable<MutatingAdmissionPolicy["spec"]>;
  const quiet = environmentWith({ authorizer: false });
  const patching = mutations.length === 0 ? full : environmentWith({ patchTypes: true });
  const patchList = cel.listType(cel.objectType("JSONPatch", {}));
  const applied = cel.objectType("Object", {});
  return {
    variables,
    variableTypes,
    matchConditions: (spec?.matchConditions ?? []).map(({ expression }) =>
      compileExpression(cel, expression, full, [cel.boolType]),
    ),
    validations: validations.map(({ expression }) => compileExpression(cel, expression, full, [cel.boolType])),
    messages: validations.map(({ messageExpression }) =>
      messageExpression ? compileExpression(cel, messageExpression, quiet, [cel.stringType]) : undefined,
    ),
    auditAnnotations: auditAnnotations.map(({ valueExpression }) =>
      compileExpression(cel, valueExpression, full, [cel.stringType, cel.nullType]),
    ),
    mutations: mutations.map(({ patchType, jsonPatch, applyConfiguration }) => {
      const isPatch = patchType === "JSONPatch";
      const source = (isPatch ? jsonPatch?.expression : applyConfiguration?.expression) ?? "";
      return { patchType, ...compileExpression(cel, source, patching, [isPatch ? patchList : applied]) };
    }),
  };
}

/** Each sees those before it. */
export function compileVariables(
  cel: Cel,
  declared: readonly { readonly name: string; readonly expression: string }[],
  features: Omit<EnvironmentFeatures, "variables">,
  known: KnownTypes = {},
): { variables: readonly NamedExpression[]; types: Readonly<Record<string, Type>> } {
  const types: Record<string, Type> = {};
  const variables = declared.map(({ name, expression }) => {
    const environment = policyEnvironment(cel, { ...features, variables: types }, known);
    const compiled = compileExpression(cel, expression, environment);
    types[name] = compiled.program?.resultType ?? cel.dynType;
    return { name, ...compiled };
  });
  return { variables, types };
}
