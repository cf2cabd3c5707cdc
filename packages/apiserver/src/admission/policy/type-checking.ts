/**
 * Whether a policy's expressions fit the types of what its rules name: warnings for its status, nothing more.
 * Source: apiserver's admission/plugin/policy/validating/typechecking.go.
 */

import type { NamedRuleWithOperations, ResourceDefinition, ValidatingAdmissionPolicy } from "@kubets/api";
import { apiVersionOf, TimeSlice } from "@kubets/apimachinery";
import type { Environment, Type } from "@kubets/cel";
import type { ResourceTable, ServedResource } from "../../server/resource-table.ts";
import { compileVariables } from "./compile-policy.ts";
import { type Cel, type KnownTypes, policyEnvironment } from "./environment.ts";

export interface ExpressionWarning {
  readonly fieldRef: string;
  readonly warning: string;
}

const maxTypes = 10;

export async function checkTypes(
  cel: Cel,
  { spec }: ValidatingAdmissionPolicy,
  resources: ResourceTable,
): Promise<ExpressionWarning[]> {
  const { paramKind, variables = [], validations = [], matchConstraints } = spec ?? {};
  const params = paramKind === undefined ? undefined : typeOfKind(cel, resources, paramKind);
  const objects = servedBy(matchConstraints?.resourceRules ?? [], resources);
  const features = { params: paramKind !== undefined, authorizer: true, patchTypes: false };
  const slice = new TimeSlice();
  const environments: { readonly kind: string; readonly environment: Environment }[] = [];
  for (const served of objects) {
    const object = typeOf(cel, served);
    if (object === undefined) continue;
    const known: KnownTypes = { object, params };
    const { declared } = await compileVariables(cel, variables, features, known, slice);
    const environment = policyEnvironment(cel, { ...features, variables: declared }, known);
    environments.push({ kind: kindText(served.definition), environment });
  }
  const warnings: ExpressionWarning[] = [];
  const check = (fieldRef: string, expression: string): void => {
    const problems = environments.flatMap(({ kind, environment }) => {
      const { message } = cel.compile(expression, environment);
      return message === undefined ? [] : [`${kind}: ${message}\n`];
    });
    if (problems.length > 0) warnings.push({ fieldRef, warning: problems.join("\n") });
  };
  for (const [i, { expression, messageExpression }] of validations.entries()) {
    check(`spec.validations[${i}].expression`, expression);
    if (messageExpression) check(`spec.validations[${i}].messageExpression`, messageExpression);
    if (slice.over) await slice.end();
  }
  return warnings;
}

function kindText({ group, version, kind }: ResourceDefinition): string {
  return `${group}/${version}, Kind=${kind}`;
}

function typeOf(cel: Cel, { definition, registry }: ServedResource): Type | undefined {
  const options = { schemas: registry.schemas, resourceRoot: true, name: definition.kind };
  return cel.schemaType(definition.schema, options);
}

function typeOfKind(
  cel: Cel,
  resources: ResourceTable,
  { apiVersion, kind }: { readonly apiVersion?: string; readonly kind?: string },
): Type | undefined {
  for (const served of resources.all()) {
    const { definition } = served;
    if (definition.kind === kind && apiVersionOf(definition) === apiVersion) return typeOf(cel, served);
  }
  return undefined;
}

/** Those that rules name outright: a rule with wildcards says nothing of types. */
function servedBy(rules: readonly NamedRuleWithOperations[], resources: ResourceTable): ServedResource[] {
  const found = new Map<string, ServedResource>();
  for (const { apiGroups = [], apiVersions = [], resources: plurals = [] } of rules) {
    if ([...apiGroups, ...apiVersions].some((text) => text.includes("*"))) continue;
    for (const group of apiGroups) {
      for (const version of apiVersions) {
        for (const plural of plurals) {
          const served = /[*/]/.test(plural) ? undefined : resources.get(group, version, plural);
          if (served !== undefined && found.size < maxTypes) found.set(kindText(served.definition), served);
        }
      }
    }
  }
  return [...found.keys()].sort().map((kind) => found.get(kind)!);
}
