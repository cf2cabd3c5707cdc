/** A policy's expressions, compiled once. Source: apiserver's admission/plugin/policy/validating/plugin.go, mutating/compilation.go. */

import type { MutatingAdmissionPolicy, ValidatingAdmissionPolicy } from "@kubets/api";
import { TimeSlice } from "@kubets/apimachinery";
import type { Type } from "@kubets/cel";
import {
  type Cel,
  DeclaredVariables,
  type EnvironmentFeatures,
  type KnownTypes,
  policyEnvironment,
} from "./environment.ts";
import { compileExpression, type Expression } from "./expression.ts";

export type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy;

export interface NamedExpression extends Expression {
  readonly name: string;
}

export interface CompiledPolicy {
  readonly variables: readonly NamedExpression[];
  /** Of `variables`, with all of them. */
  readonly variablesType: Type;
  readonly matchConditions: readonly Expression[];
  /** Of a ValidatingAdmissionPolicy, in its order. */
  readonly validations: readonly Expression[];
  /** For each validation; undefined where it has no messageExpression. */
  readonly messages: readonly (Expression | undefined)[];
  readonly auditAnnotations: readonly Expression[];
  /** Of a MutatingAdmissionPolicy, in its order. */
  readonly mutations: readonly (Expression & { readonly patchType: string })[];
}

/** With others' turns in between: a policy may have thousands of expressions. */
export async function compilePolicy(cel: Cel, { spec }: Policy): Promise<CompiledPolicy> {
  const features = { params: spec?.paramKind !== undefined, authorizer: true, patchTypes: false };
  const slice = new TimeSlice();
  const { variables, declared } = await compileVariables(cel, spec?.variables ?? [], features, {}, slice);
  const environmentWith = (more: Partial<EnvironmentFeatures>) =>
    policyEnvironment(cel, { ...features, ...more, variables: declared });
  const full = environmentWith({});
  const { validations = [], auditAnnotations = [] } = (spec ?? {}) as NonNullable<ValidatingAdmissionPolicy["spec"]>;
  const { mutations = [] } = (spec ?? {}) as NonNullable<MutatingAdmissionPolicy["spec"]>;
  const quiet = environmentWith({ authorizer: false });
  const patching = mutations.length === 0 ? full : environmentWith({ patchTypes: true });
  const patchList = cel.listType(cel.objectType("JSONPatch", {}));
  const applied = cel.objectType("Object", {});
  return {
    variables,
    variablesType: declared.type,
    matchConditions: await eachOf(slice, spec?.matchConditions ?? [], ({ expression }) =>
      compileExpression(cel, expression, full, [cel.boolType]),
    ),
    validations: await eachOf(slice, validations, ({ expression }) =>
      compileExpression(cel, expression, full, [cel.boolType]),
    ),
    messages: await eachOf(slice, validations, ({ messageExpression }) =>
      messageExpression ? compileExpression(cel, messageExpression, quiet, [cel.stringType]) : undefined,
    ),
    auditAnnotations: await eachOf(slice, auditAnnotations, ({ valueExpression }) =>
      compileExpression(cel, valueExpression, full, [cel.stringType, cel.nullType]),
    ),
    mutations: await eachOf(slice, mutations, ({ patchType, jsonPatch, applyConfiguration }) => {
      const isPatch = patchType === "JSONPatch";
      const source = (isPatch ? jsonPatch?.expression : applyConfiguration?.expression) ?? "";
      return { patchType, ...compileExpression(cel, source, patching, [isPatch ? patchList : applied]) };
    }),
  };
}

async function eachOf<T, R>(slice: TimeSlice, list: readonly T[], compile: (each: T) => R): Promise<R[]> {
  const results: R[] = [];
  for (const each of list) {
    results.push(compile(each));
    if (slice.over) await slice.end();
  }
  return results;
}

/** Each sees those before it. */
export async function compileVariables(
  cel: Cel,
  all: readonly { readonly name: string; readonly expression: string }[],
  features: Omit<EnvironmentFeatures, "variables">,
  known: KnownTypes = {},
  slice = new TimeSlice(),
): Promise<{ variables: readonly NamedExpression[]; declared: DeclaredVariables }> {
  const declared = new DeclaredVariables(cel);
  const environment = policyEnvironment(cel, { ...features, variables: declared }, known);
  const variables = await eachOf(slice, all, ({ name, expression }) => {
    const compiled = compileExpression(cel, expression, environment);
    declared.declare(name, compiled.program?.resultType ?? cel.dynType);
    return { name, ...compiled };
  });
  return { variables, declared };
}
