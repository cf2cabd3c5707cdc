/** matchConditions by @kubets/cel, which is loaded when a webhook that has them is first asked about. Source: apiserver's admission/plugin/cel. */

import type { MatchCondition } from "@kubets/api";
import type { Environment, Program } from "@kubets/cel";
import { namespaceOf } from "../matching/index.ts";
import { type AdmissionAttributes, kindOf } from "../plugin.ts";
import type { ConditionResult, Conditions } from "./conditions.ts";
import { type Presented, resourceOf, userInfoOf } from "./review.ts";

type Cel = typeof import("@kubets/cel");

const outOfBudget = "validation failed due to running out of cost budget, no further validation rules will be run";

export function compileConditions(conditions: readonly MatchCondition[]): Conditions {
  let programs: Promise<readonly (Program | string)[]> | undefined;
  return {
    async evaluate(attributes, presented) {
      programs ??= compileAll(conditions);
      const { matchConditionsCostBudget } = await import("@kubets/cel");
      return evaluateAll(await programs, bindingsOf(attributes, presented), matchConditionsCostBudget);
    },
  };
}

async function compileAll(conditions: readonly MatchCondition[]): Promise<readonly (Program | string)[]> {
  const cel = await import("@kubets/cel");
  const environment = conditionEnvironment(cel);
  return conditions.map(({ expression }) => compileCondition(cel, environment, expression));
}

/** The program, or upstream's complaint about the expression. */
export function compileCondition(cel: Cel, environment: Environment, expression: string): Program | string {
  const result = cel.compile(expression, environment);
  if (result.program === undefined) return `compilation failed: ${result.message}`;
  const { resultType } = result.program;
  return resultType.kind === "bool" ? result.program : `must evaluate to bool but got ${cel.formatType(resultType)}`;
}

/** What match conditions may refer to. */
export function conditionEnvironment(cel: Cel): Environment {
  const { stringType: text, boolType, dynType, listType, mapType, objectType } = cel;
  const kind = objectType("kubernetes.GroupVersionKind", { group: text, version: text, kind: text });
  const resource = objectType("kubernetes.GroupVersionResource", { group: text, version: text, resource: text });
  const userInfo = objectType("kubernetes.UserInfo", {
    username: text,
    uid: text,
    groups: listType(text),
    extra: mapType(text, listType(text)),
  });
  const request = objectType("kubernetes.AdmissionRequest", {
    kind,
    resource,
    subResource: text,
    requestKind: kind,
    requestResource: resource,
    requestSubResource: text,
    name: text,
    namespace: text,
    operation: text,
    userInfo,
    dryRun: boolType,
    options: dynType,
  });
  return new cel.Environment({ variables: { object: dynType, oldObject: dynType, request } });
}

function bindingsOf(attributes: AdmissionAttributes, { as, object, oldObject }: Presented) {
  const { definition, subresource, operation, name, options, user, dryRun } = attributes;
  const request = {
    kind: kindOf(attributes, as),
    resource: resourceOf(as),
    subResource: subresource,
    requestKind: kindOf(attributes, definition),
    requestResource: resourceOf(definition),
    requestSubResource: subresource,
    name,
    namespace: namespaceOf(attributes),
    operation,
    userInfo: userInfoOf(user),
    dryRun,
    options: options ?? null,
  };
  return { object: object ?? null, oldObject: oldObject ?? null, request };
}

async function evaluateAll(
  programs: readonly (Program | string)[],
  bindings: Readonly<Record<string, unknown>>,
  budget: number,
): Promise<ConditionResult[]> {
  const results: ConditionResult[] = [];
  let left = budget;
  for (const program of programs) {
    if (typeof program === "string") {
      results.push({ value: undefined, error: `compilation error: ${program}` });
      continue;
    }
    if (left <= 0) return [...results, { value: undefined, error: outOfBudget }];
    const { value, error, cost } = await program.evaluateMaybeAsync(bindings, { costLimit: left });
    left -= cost;
    if (error === undefined && typeof value === "boolean") results.push({ value });
    else if (error?.kind === "cost") return [...results, { value: undefined, error: outOfBudget }];
    else {
      const why = error?.message ?? "result is not a boolean";
      results.push({ value: undefined, error: `expression '${program.source}' resulted in error: ${why}` });
    }
  }
  return results;
}
