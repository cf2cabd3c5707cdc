export type { WebhookAdmissionOptions } from "./call.ts";
export { compileCondition, conditionCompiler } from "./compile-conditions.ts";
export type { CompileConditions, ConditionResult, Conditions } from "./conditions.ts";
export { webhookConfigurationHooks } from "./configuration-hooks.ts";
export { MutatingAdmissionWebhook } from "./mutating.ts";
export { webhookAdmission } from "./plugins.ts";
export type { Presented } from "./review.ts";
export { ValidatingAdmissionWebhook } from "./validating.ts";
