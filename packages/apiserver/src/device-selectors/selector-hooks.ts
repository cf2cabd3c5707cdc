/** Selectors of devices are compiled before they are stored: @kubets/api, which checks the rest, knows no CEL. */

import {
  type DeviceClass,
  type ResourceClaim,
  type ResourceClaimTemplate,
  resourceToV1,
  type SelectorCheck,
  validateClaim,
  validateDeviceClass,
  validateTemplate,
} from "@kubets/api";
import { type FieldError, invalid, type KubeObject } from "@kubets/apimachinery";
import type { RegistryHooks } from "../registry/write-request.ts";

type Validate = (object: KubeObject, check: SelectorCheck) => FieldError[];

const claim: Validate = (object, check) => validateClaim(object as ResourceClaim, check);
const template: Validate = (object, check) => validateTemplate(object as ResourceClaimTemplate, check);
const deviceClass: Validate = (object, check) => validateDeviceClass(object as DeviceClass, check);

/** By `group/plural`. What is updated of claims and templates has no selectors: their specs are immutable. */
export const deviceSelectorHooks: Readonly<Record<string, RegistryHooks>> = {
  "resource.k8s.io/deviceclasses": {
    beginCreate: (object) => checked(object, deviceClass),
    beginUpdate: (object) => checked(object, deviceClass),
  },
  "resource.k8s.io/resourceclaims": { beginCreate: (object) => checked(object, claim) },
  "resource.k8s.io/resourceclaimtemplates": { beginCreate: (object) => checked(object, template) },
};

/** Nothing to wait for, and nothing loaded, when there are no expressions. @throws StatusError 422 */
function checked(object: KubeObject, validate: Validate): Promise<undefined> | undefined {
  const current = object.apiVersion?.endsWith("/v1beta1") ? resourceToV1(object) : object;
  const expressions: string[] = [];
  validate(current, (expression) => {
    expressions.push(expression);
    return [];
  });
  return expressions.length === 0 ? undefined : compiled(current, expressions, validate);
}

async function compiled(object: KubeObject, expressions: readonly string[], validate: Validate): Promise<undefined> {
  const { selectorCheck } = await import("./compile-selector.ts");
  const errors = validate(object, await selectorCheck(await import("@kubets/cel"), expressions));
  // The other errors are told with these, as upstream has it.
  if (errors.length > 0) throw invalid("resource.k8s.io", object.kind ?? "", object.metadata?.name ?? "", errors);
  return undefined;
}
