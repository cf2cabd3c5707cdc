/** Expressions of webhook configurations are compiled before they are stored: @kubets/api, which checks the rest, knows no CEL. */

import {
  type MutatingWebhookConfiguration,
  type ValidatingWebhookConfiguration,
  validateWebhooks,
  validateWebhooksUpdate,
} from "@kubets/api";
import { type FieldError, invalid, type KubeObject } from "@kubets/apimachinery";
import type { RegistryHooks } from "../../registry/write-request.ts";
import { admissionEnvironment } from "../cel/index.ts";
import { compileCondition } from "./compile-conditions.ts";

type Configuration = ValidatingWebhookConfiguration | MutatingWebhookConfiguration;
type Compile = (expression: string) => string | undefined;

const hooks: RegistryHooks = {
  beginCreate: (object) => checked(object, (compile) => validateWebhooks(object as Configuration, compile)),
  beginUpdate: (object, old) =>
    checked(object, (compile) => validateWebhooksUpdate(object as Configuration, old as Configuration, compile)),
};

/** By `group/plural`. */
export const webhookConfigurationHooks: Readonly<Record<string, RegistryHooks>> = {
  "admissionregistration.k8s.io/validatingwebhookconfigurations": hooks,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": hooks,
};

/** Nothing to wait for, and nothing loaded, when there are no expressions. @throws StatusError 422 */
function checked(object: KubeObject, validate: (compile: Compile) => FieldError[]): Promise<undefined> | undefined {
  const { webhooks = [] } = object as Configuration;
  if (webhooks.every(({ matchConditions = [] }) => matchConditions.length === 0)) return undefined;
  return import("@kubets/cel").then((cel) => {
    const environment = admissionEnvironment(cel);
    const errors = validate((expression) => {
      const compiled = compileCondition(cel, environment, expression);
      return typeof compiled === "string" ? compiled : undefined;
    });
    const { kind = "", metadata } = object;
    if (errors.length > 0) throw invalid("admissionregistration.k8s.io", kind, metadata?.name ?? "", errors);
    return undefined;
  });
}
