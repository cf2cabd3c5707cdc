export { type PolicyAdmissionOptions, policyAdmission } from "./plugins.ts";
export { policyHooks } from "./policy-hooks.ts";
export { keepPolicyStatus } from "./policy-status.ts";
